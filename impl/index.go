package impl

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/gen"
)

// pageSize is how many matches a page has unless the caller says otherwise.
const pageSize = 20

// paged sorts the matches of a query by one column of its model, ties by id, and leaves those of one page.
func paged(q *bun.SelectQuery, page gen.Page, by string, order gen.SortOrder) *bun.SelectQuery {
	size, skipped := int64(page.Size), int64(max(page.Number, 1)-1)
	if size == 0 {
		size = pageSize
	}
	direction := bun.Safe("DESC")
	if order == gen.Asc {
		direction = bun.Safe("ASC")
	}
	return q.OrderExpr("?TableAlias.? ?, ?TableAlias.id ?", bun.Ident(by), direction, direction).
		Limit(size).Offset(skipped * size)
}

// counted is the number of all matches of a query, whatever its page, or nil where nobody asked for it.
func counted(ctx context.Context, q *bun.SelectQuery, asked *bool) (*gen.Matches, error) {
	if asked == nil || !*asked {
		return nil, nil
	}
	n, err := q.Count(ctx)
	return new(gen.Matches(n)), err
}
