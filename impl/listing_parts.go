package impl

import (
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/planoauth/planoauth/db"
)

// parts are the parts of a list.
type parts struct {
	each        []part // none for all rows
	onlyCounted bool   // whether a page is read in the order of all rows, since the parts are many
}

// part is a part of a list: the rows of a condition, which no other part has. Postgres finds the first rows of each
// part by an index, where it would sort those of several conditions joined by OR.
type part struct {
	condition string
	args      []any
	each      []int64 // the values of wanted.id in the condition, each of which has an index of its own order; nil for none
}

// query completes the query of a part. It selects the rows for each id apart.
func (p *part) query(d *db.DB, query *bun.SelectQuery, finish func(*bun.SelectQuery)) *bun.SelectQuery {
	one := query.Clone().Where(p.condition, p.args...)
	finish(one)
	if p.each == nil {
		return one
	}
	return d.NewSelect().ColumnExpr("found.*").TableExpr("unnest(?::bigint[]) AS wanted (id)", pgdialect.Array(p.each)).
		Join("CROSS JOIN LATERAL (?) AS found", one)
}

// unite returns a query for the rows of all parts. finish completes the query of each. Without parts it returns the
// query as it is.
func (f *listed[Row]) unite(d *db.DB, query *bun.SelectQuery, parts []part, finish func(*bun.SelectQuery)) *bun.SelectQuery {
	var all *bun.SelectQuery
	for _, part := range parts {
		if one := part.query(d, query, finish); all == nil {
			all = one
		} else {
			all.UnionAll(one)
		}
	}
	if all == nil {
		return query
	}
	return d.NewSelect().Model(&f.rows).ModelTableExpr("(?) AS ?TableAlias", all)
}
