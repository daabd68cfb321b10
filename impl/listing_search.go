package impl

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"golang.org/x/sync/errgroup"

	"github.com/planoauth/planoauth/db"
)

const (
	glanced = 500 // rows in their order that are checked before a search uses its indexes

	// fewSorted is how many rows a search finds at most to sort them at once. Where it finds more, a page is first looked
	// for among the nearRows first rows in their order, or the nearFiltered first rows that pass filters.
	fewSorted    = 2000
	nearRows     = 5000
	nearFiltered = fewFound + 1

	// fewFound is how many rows are sorted at most if they are not there. Where a search finds more, all rows are read in
	// their order until the page is full.
	fewFound = 20_000

	emailPrefix = 2 // characters of a term that only e-mail addresses begin with
)

// narrow leaves the rows that match the search and the filters. With onlyPage it may leave only those up to the end of the
// page. Before a count it reports whether more than exactCount rows match for sure.
func (l *listing[Row]) narrow(ctx context.Context, d *db.DB, query *bun.SelectQuery, p listParams, onlyPage bool) (many bool, _ error) {
	l.filter(query, p)
	if p.term == "" || l.search == nil {
		return false, nil
	}
	conditions, byUser := l.conditions(p), aboutUser(l.sorts[p.by].by)
	inOrder, window := onlyPage && !byUser, int64(nearRows)
	if len(p.filters) > 0 {
		inOrder, window = inOrder && p.by == "created_at", nearFiltered // each filter has an index by created_at
	}
	if inOrder && len(p.filters) < 2 {
		if done, err := l.near(ctx, d, query, p, conditions, glanced); done || err != nil {
			return false, err
		}
	}
	found, err := l.find(ctx, d, p, conditions)
	if err != nil {
		return false, err
	}
	if found.number() > fewFound {
		either, args := anyOf(conditions)
		query.Where(either, args...)
		return l.haveMany(ctx, d, p, found)
	}
	if inOrder && found.number() > fewSorted {
		if done, err := l.near(ctx, d, query, p, l.among(found), window); done || err != nil {
			return false, err
		}
	}
	var rows *bun.SelectQuery
	switch {
	case onlyPage && found.sorted:
		rows = l.page(d, lookUp[Row](d, "user_id", found.users), p).Join(joinUser).OrderExpr("?TableAlias.place").Limit(p.reach())
	case onlyPage && !byUser:
		rows = l.page(d, l.lookUp(d, found), p)
		l.first(rows, p, p.reach())
	default:
		rows = l.lookUp(d, found)
	}
	query.ModelTableExpr("(?) AS ?TableAlias", rows)
	return false, nil
}

// haveMany reports whether more than exactCount rows are known to match. Many users may have few rows, and filters leave
// fewer.
func (l *listing[Row]) haveMany(ctx context.Context, d *db.DB, p listParams, found matches) (bool, error) {
	if !p.count || len(p.filters) > 0 {
		return false, nil
	}
	some := d.NewSelect().ColumnExpr("1").TableExpr("(?) AS found", l.lookUp(d, found)).Limit(exactCount + 1)
	var number int64
	err := d.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS matches", some).Scan(ctx, &number)
	return number > exactCount, err
}

func (l *listing[Row]) filter(query *bun.SelectQuery, p listParams) {
	for _, filter := range p.filters {
		query.Where(l.filters[filter])
	}
}

// page selects the rows of a subquery that pass the filters and come after page.after.
func (l *listing[Row]) page(d *db.DB, rows *bun.SelectQuery, p listParams) *bun.SelectQuery {
	page := d.NewSelect().Model((*Row)(nil)).ModelTableExpr("(?) AS ?TableAlias", rows)
	l.filter(page, p)
	l.start(page, p)
	return page
}

// joinUser joins the user of each row. LIMIT keeps Postgres from reading all users that match instead.
const joinUser = `CROSS JOIN LATERAL (SELECT * FROM users WHERE users.id = ?TableAlias.user_id LIMIT 1) AS "user"`

// aboutUser reports whether an expression needs the user of a row.
func aboutUser(sql string) bool { return strings.Contains(sql, `"user"`) }

// near looks for the page among so many first rows in their order. If it reports that the page needs no others, the query
// reads the matches among them.
func (l *listing[Row]) near(
	ctx context.Context, d *db.DB, query *bun.SelectQuery, p listParams, search []condition, rows int64,
) (done bool, _ error) {
	first := d.NewSelect().Model((*Row)(nil))
	l.filter(first, p)
	l.start(first, p)
	l.first(first, p, rows)
	either, args := anyOf(search)
	matches := d.NewSelect().Model((*Row)(nil)).ModelTableExpr("(?) AS ?TableAlias", first).
		ColumnExpr("(array_agg(?TableAlias.id ORDER BY "+l.order(p)+") FILTER (WHERE "+either+"))[:?]", append(args, p.reach())...).
		ColumnExpr("count(*)")
	if aboutUser(either) {
		matches.Join(joinUser)
	}
	var ids []int64
	var read int64
	if err := matches.Scan(ctx, pgdialect.Array(&ids), &read); err != nil || int64(len(ids)) < p.reach() && read == rows {
		return false, err
	}
	query.ModelTableExpr("(?) AS ?TableAlias", lookUp[Row](d, "id", ids))
	return true, nil
}

// lookUp selects the rows that have one of these ids in a unique column, and the place of that id among them. LIMIT makes
// Postgres look each of them up by an index: where it takes them for many, it would read the whole table.
func lookUp[Row any](d *db.DB, column string, ids []int64) *bun.SelectQuery {
	each := d.NewSelect().Model((*Row)(nil)).Where("?TableAlias.? = wanted.id", bun.Ident(column)).Limit(1)
	return d.NewSelect().ColumnExpr("each.*, wanted.place").
		TableExpr("unnest(?::bigint[]) WITH ORDINALITY AS wanted (id, place)", pgdialect.Array(ids)).
		Join("CROSS JOIN LATERAL (?) AS each", each)
}

// lookUp selects the rows that were found.
func (l *listing[Row]) lookUp(d *db.DB, found matches) *bun.SelectQuery {
	rows := lookUp[Row](d, "id", found.ids)
	if l.ofUser {
		rows = rows.Where("each.user_id <> ALL(?)", pgdialect.Array(found.users)).UnionAll(lookUp[Row](d, "user_id", found.users))
	}
	return rows
}

// condition is what a row must meet to be found by one attribute.
type condition struct {
	sql string
	arg any
}

// anyOf returns, as SQL, that one of the conditions is met.
func anyOf(conditions []condition) (sql string, args []any) {
	each := []string{"FALSE"}
	for _, condition := range conditions {
		each, args = append(each, condition.sql), append(args, condition.arg)
	}
	return "(" + strings.Join(each, " OR ") + ")", args
}

// among returns the conditions that the rows that were found meet.
func (l *listing[Row]) among(found matches) []condition {
	rows := []condition{{"?TableAlias.id = ANY(?)", pgdialect.Array(found.ids)}}
	if l.ofUser {
		rows = append(rows, condition{"?TableAlias.user_id = ANY(?)", pgdialect.Array(found.users)})
	}
	return rows
}

func (l *listing[Row]) conditions(p listParams) (all []condition) {
	attributes := p.attributes
	if len(attributes) == 0 {
		attributes = slices.Sorted(maps.Keys(l.search))
	}
	pattern := "%" + escapeLike(p.term) + "%"
	if l.search["email"] != "" && utf8.RuneCountInString(p.term) <= emailPrefix {
		attributes = slices.DeleteFunc(slices.Clone(attributes), func(a string) bool { return a != "email" })
		pattern = pattern[1:]
	}
	for _, attribute := range attributes {
		all = append(all, condition{l.search[attribute] + " LIKE search_text(?)", pattern})
	}
	return all
}

// matches are the ids of the rows that a search finds, and of the users all of whose rows it finds.
type matches struct {
	ids, users []int64
	sorted     bool // whether users alone were found, and their ids are in the order that was asked for
}

func (m *matches) number() int { return len(m.ids) + len(m.users) }

// find finds the rows that meet one of the conditions: all of them, or more than fewFound. Each condition has an index of
// its own, and the planner would use none for several tables at once.
func (l *listing[Row]) find(ctx context.Context, d *db.DB, p listParams, conditions []condition) (all matches, _ error) {
	type match struct {
		ID    int64
		Email string
	}
	byUser := aboutUser(l.sorts[p.by].by)
	all.ids, all.users = []int64{}, []int64{} // which are NULL in SQL, where they are nil
	found := make([][]match, len(conditions))
	group, ctx := errgroup.WithContext(ctx)
	for i, condition := range conditions {
		group.Go(func() error {
			query := d.NewSelect().Model((*Row)(nil))
			if !aboutUser(condition.sql) {
				l.filter(query, p)
			} else {
				query = d.NewSelect().Model((*db.User)(nil))
				if byUser {
					query.ColumnExpr("? AS email", bun.Safe(l.sorts[p.by].by))
				}
			}
			return query.Column("id").Where(condition.sql, condition.arg).Limit(fewFound+1).Scan(ctx, &found[i])
		})
	}
	if err := group.Wait(); err != nil {
		return all, err
	}
	var users []match
	for i, condition := range conditions {
		if aboutUser(condition.sql) {
			users = append(users, found[i]...)
			continue
		}
		for _, row := range found[i] {
			all.ids = append(all.ids, row.ID)
		}
	}
	slices.Sort(all.ids)
	all.ids = slices.Compact(all.ids)
	slices.SortFunc(users, func(a, b match) int {
		if !p.ascending {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.ID, b.ID))
	})
	for _, user := range slices.Compact(users) {
		all.users = append(all.users, user.ID)
	}
	all.sorted = byUser && len(all.ids) == 0
	return all, nil
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// escapeLike makes LIKE take a text literally.
func escapeLike(text string) string { return likeEscapes.Replace(text) }
