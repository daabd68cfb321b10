package impl

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/planoauth/planoauth/db"
)

const (
	// fewSorted is how many rows a search finds at most to sort them at once. Where it finds more, a page is first looked
	// for among the nearRows first rows in their order.
	fewSorted = 2000
	nearRows  = 5000

	// fewFound is how many rows are sorted at most if they are not there. Where a search finds more, all rows are read in
	// their order until the page is full.
	fewFound = 20_000

	emailPrefix = 2 // characters of a term that only e-mail addresses begin with
)

// narrow leaves the rows that match the search and the filters. With onlyPage it may leave only those up to the end of the
// page. It reports whether the search finds more than fewFound rows or users.
func (l *listing[Row]) narrow(ctx context.Context, d *db.DB, query *bun.SelectQuery, p listParams, onlyPage bool) (many bool, _ error) {
	for _, filter := range p.filters {
		query.Where(l.filters[filter])
	}
	if p.term == "" || l.search == nil {
		return false, nil
	}
	conditions := l.conditions(p)
	ids, users, err := l.find(ctx, d, conditions, fewSorted)
	if err == nil && len(ids)+len(users) > fewSorted {
		var near []int64
		if onlyPage && len(p.filters) == 0 && !aboutUser(l.sorts[p.by].by) {
			near, err = l.near(ctx, d, p, conditions)
		}
		if err == nil && near != nil {
			ids, users = near, []int64{}
		} else if err == nil {
			ids, users, err = l.find(ctx, d, conditions, fewFound)
		}
	}
	if err != nil {
		return false, err
	}
	if len(ids)+len(users) > fewFound {
		meet(query, conditions)
		return true, nil
	}
	rows := lookUp[Row](d, "id", ids)
	if l.ofUser {
		rows = rows.Where("each.user_id <> ALL(?)", pgdialect.Array(users)).UnionAll(lookUp[Row](d, "user_id", users))
	}
	query.ModelTableExpr("(?) AS ?TableAlias", rows)
	return false, nil
}

// aboutUser reports whether an expression needs the user of a row.
func aboutUser(sql string) bool { return strings.Contains(sql, `"user"`) }

// meet leaves the rows that meet one of the conditions.
func meet(query *bun.SelectQuery, conditions []condition) {
	query.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, condition := range conditions {
			q.WhereOr(condition.sql, condition.pattern)
		}
		return q
	})
}

// near returns the ids of the matches among the first rows in their order, nil if these do not reach the end of the page.
func (l *listing[Row]) near(ctx context.Context, d *db.DB, p listParams, conditions []condition) (ids []int64, _ error) {
	first := d.NewSelect().Model((*Row)(nil)).ColumnExpr("?TableAlias.*")
	l.start(first, p)
	l.first(first, p, nearRows)
	matches := d.NewSelect().Model((*Row)(nil)).ModelTableExpr("(?) AS ?TableAlias", first).Column("id")
	if l.ofUser {
		matches.Join(`JOIN users AS "user" ON "user".id = ?TableAlias.user_id`)
	}
	meet(matches, conditions)
	if err := matches.Scan(ctx, &ids); err != nil || int64(len(ids)) <= p.skipped()+p.size {
		return nil, err
	}
	return ids, nil
}

// lookUp selects the rows that have one of these ids in a unique column. LIMIT makes Postgres look each of
// them up by an index: where it takes them for many, it would read the whole table.
func lookUp[Row any](d *db.DB, column string, ids []int64) *bun.SelectQuery {
	each := d.NewSelect().Model((*Row)(nil)).Where("?TableAlias.? = wanted.id", bun.Ident(column)).Limit(1)
	return d.NewSelect().ColumnExpr("each.*").TableExpr("unnest(?::bigint[]) AS wanted (id)", pgdialect.Array(ids)).
		Join("CROSS JOIN LATERAL (?) AS each", each)
}

// condition is what a row must meet to be found by one attribute.
type condition struct{ sql, pattern string }

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

// find returns the ids of the rows that meet one of the conditions, or of their users: all of them, or more than limit. Each
// condition has an index of its own, and the planner would use none for several tables at once.
func (l *listing[Row]) find(ctx context.Context, d *db.DB, conditions []condition, limit int64) (ids, users []int64, _ error) {
	ids, users = []int64{}, []int64{}
	for _, condition := range conditions {
		found, matches := &ids, d.NewSelect().Model((*Row)(nil))
		if aboutUser(condition.sql) {
			found, matches = &users, d.NewSelect().Model((*db.User)(nil))
		}
		var some []int64
		if err := matches.Column("id").Where(condition.sql, condition.pattern).Limit(limit+1).Scan(ctx, &some); err != nil {
			return nil, nil, err
		}
		*found = append(*found, some...)
		if int64(len(ids)+len(users)) > limit {
			return ids, users, nil
		}
	}
	slices.Sort(ids)
	slices.Sort(users)
	return slices.Compact(ids), slices.Compact(users), nil
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// escapeLike makes LIKE take a text literally.
func escapeLike(text string) string { return likeEscapes.Replace(text) }
