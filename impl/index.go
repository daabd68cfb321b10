package impl

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/gen"
)

// pageSize is the default number of results on a page.
const pageSize = 20

// paged sorts the results of a query by one column of its model, ties by id, and selects one page.
func paged(q *bun.SelectQuery, page gen.Page, by string, order gen.SortOrder) *bun.SelectQuery {
	size, pagesBefore := int64(page.Size), int64(max(page.Number, 1)-1)
	if size == 0 {
		size = pageSize
	}
	direction := bun.Safe("DESC")
	if order == gen.Asc {
		direction = bun.Safe("ASC")
	}
	return q.OrderExpr("?TableAlias.? ?, ?TableAlias.id ?", bun.Ident(by), direction, direction).
		Limit(size).Offset(pagesBefore * size)
}

// counted returns the number of all results of a query on all pages, or nil unless it was asked for.
func counted(ctx context.Context, q *bun.SelectQuery, asked *bool) (*gen.Matches, error) {
	if asked == nil || !*asked {
		return nil, nil
	}
	n, err := q.Count(ctx)
	return new(gen.Matches(n)), err
}
