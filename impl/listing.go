package impl

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/validation"
)

const (
	pageSize = 20 // the default number of rows on a page

	// exactCount is how many matches are counted. Of more, the answer has an estimate.
	exactCount = 10_000
)

// listing is how an index operation lists the rows of a table. The texts are SQL, where ?TableAlias is the
// table.
type listing[Row any] struct {
	ofUser  bool                    // whether each row belongs to a user, which the texts call "user"
	search  map[string]string       // what each attribute searches: an expression of lower-case text; nil leaves it to prepare
	filters map[string]string       // the condition of each filter
	sorts   map[string]sorting[Row] // by the value of sort.by
	sort    string                  // the default of sort.by
	id      func(*Row) int64

	ascending bool // the order where the param sort is absent
}

// sorting is an order of rows. Ties are in the order of their ids.
type sorting[Row any] struct {
	by    string         // SQL
	value func(*Row) any // the same, of a row
}

// listed is a page of rows.
type listed[Row any] struct {
	rows      []Row
	next      string       // the param page.after of the next page, "" where this is the last one
	count     *gen.Matches // nil unless it was asked for
	estimated *bool        // nil for an exact count
}

// listParams are the params that all index operations have in common.
type listParams struct {
	term       string
	attributes []string
	filters    []string
	by         string
	ascending  bool
	size       int64
	number     int64 // from 1 on
	after      string
	count      bool
}

func listParamsOf(params map[string]any) listParams {
	text := func(path string) string { t, _ := param(params, path).(string); return t }
	number := func(path string, otherwise int64) int64 {
		if n, ok := param(params, path).(int64); ok {
			return n
		}
		return otherwise
	}
	p := listParams{
		term: text("search.term"), attributes: texts(param(params, "search.attributes")), filters: texts(params["filters"]),
		by: text("sort.by"), ascending: text("sort.order") == "asc",
		size: number("page.size", pageSize), number: number("page.number", 1), after: text("page.after"),
	}
	p.count, _ = params["count"].(bool)
	return p
}

func texts(list any) (all []string) {
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

// cursor is the place after a row in a sorted list. It is what page.after holds, encoded.
type cursor struct {
	By        string          `json:"by"`
	Ascending bool            `json:"asc,omitempty"`
	Value     json.RawMessage `json:"value"`
	ID        int64           `json:"id"`
}

func (c cursor) encode() string {
	text, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeCursor(text string) (c cursor, ok bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	return c, err == nil && json.Unmarshal(decoded, &c) == nil && c.By != ""
}

// listRefusal is an outcome that all index operations list.
type listRefusal interface {
	gen.SessionsIndexResponseObject
	gen.NotificationsIndexResponseObject
	gen.PeopleIndexResponseObject
	gen.PeopleSessionsIndexResponseObject
	gen.CompaniesIndexResponseObject
	gen.AuditEventsIndexResponseObject
	gen.ApplicationsIndexResponseObject
	gen.ServicesIndexResponseObject
	gen.RoutesIndexResponseObject
	gen.EmployeesIndexResponseObject
	gen.LiaisonsIndexResponseObject
	gen.ClientsIndexResponseObject
}

// list reads one page of rows, as the params of the call say. It refuses an unusable page.after. prepare adds
// joins and conditions to the query; nil adds none.
func list[Row any](s *Server, c *call, l *listing[Row], prepare func(*bun.SelectQuery)) (*listed[Row], listRefusal, error) {
	return listParts(s, c, l, parts{}, prepare)
}

// listParts is list for the rows of these parts.
func listParts[Row any](
	s *Server, c *call, l *listing[Row], of parts, prepare func(*bun.SelectQuery),
) (*listed[Row], listRefusal, error) {
	ctx, p := c.context(), listParamsOf(c.params)
	found := &listed[Row]{}
	query := s.DB.NewSelect().Model(&found.rows)
	if l.ofUser {
		query.Relation("User").Where(`"user".id IS NOT NULL`) // always so, but now Postgres may read the users first
	}
	if prepare != nil {
		prepare(query)
	}
	if p.by == "" {
		p.by = l.sort
	}
	if !passed(c.params, "sort") {
		p.ascending = l.ascending
	}
	if wrong := l.start(s.DB.NewSelect(), p); len(wrong) > 0 {
		return nil, gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	many, err := l.narrow(ctx, s.DB, query, p, !p.count && prepare == nil)
	if err != nil {
		return nil, nil, err
	}
	if p.count {
		each := func(q *bun.SelectQuery) { q.Limit(math.MaxInt32) } // keeps Postgres from joining each part with all rows
		err := found.countMatches(ctx, s.DB, found.unite(s.DB, query, of.each, each), many)
		if err != nil {
			return nil, nil, err
		}
	}
	l.start(query, p)
	if !of.onlyCounted {
		query = found.unite(s.DB, query, of.each, func(q *bun.SelectQuery) { l.first(q, p, p.reach()) })
	}
	l.first(query.Offset(p.skipped()), p, p.size+1)
	if err := query.Scan(ctx); err != nil {
		return nil, nil, err
	}
	if int64(len(found.rows)) > p.size {
		found.rows = found.rows[:p.size]
		last := &found.rows[p.size-1]
		value, err := json.Marshal(l.sorts[p.by].value(last))
		if err != nil {
			return nil, nil, err
		}
		found.next = cursor{By: p.by, Ascending: p.ascending, Value: value, ID: l.id(last)}.encode()
	}
	return found, nil, nil
}

// views returns what a view shows of the rows.
func views[Row, Shown any](found *listed[Row], view gen.View, show func(gen.View, *Row) Shown) []Shown {
	shown := make([]Shown, len(found.rows))
	for i := range found.rows {
		shown[i] = show(view, &found.rows[i])
	}
	return shown
}

// skipped returns how many rows are before the page, which a number names.
func (p *listParams) skipped() int64 {
	if p.after != "" {
		return 0
	}
	return (p.number - 1) * p.size
}

// reach returns how many rows there are from the first one to the one after the page.
func (p *listParams) reach() int64 { return p.skipped() + p.size + 1 }

// first sorts the rows of a query, and leaves so many.
func (l *listing[Row]) first(query *bun.SelectQuery, p listParams, rows int64) {
	query.OrderExpr(l.order(p)).Limit(rows)
}

// order returns the order of the rows, as SQL.
func (l *listing[Row]) order(p listParams) string {
	direction := "DESC"
	if p.ascending {
		direction = "ASC"
	}
	return l.sorts[p.by].by + " " + direction + ", ?TableAlias.id " + direction
}

// start begins the page after a row, where page.after names one.
func (l *listing[Row]) start(query *bun.SelectQuery, p listParams) []gen.ParamError {
	if p.after == "" {
		return nil
	}
	if p.number > 1 {
		return []gen.ParamError{paramError("page.number", gen.Allowed, "must not be passed along with page.after")}
	}
	sort := l.sorts[p.by]
	at, ok := decodeCursor(p.after)
	value, fits := sort.parse(at.Value)
	if !ok || !fits || at.By != p.by || at.Ascending != p.ascending {
		return []gen.ParamError{paramError("page.after", gen.Format, "must be data.next of an answer with the same sort")}
	}
	than := bun.Safe("<")
	if p.ascending {
		than = bun.Safe(">")
	}
	query.Where("("+sort.by+", ?TableAlias.id) ? (?, ?)", than, value, at.ID)
	return nil
}

// parse returns the value of a cursor in the type that value returns.
func (s sorting[Row]) parse(text json.RawMessage) (any, bool) {
	var row Row
	switch s.value(&row).(type) {
	case time.Time:
		var at time.Time
		return at, json.Unmarshal(text, &at) == nil
	default:
		var value string
		return value, json.Unmarshal(text, &value) == nil
	}
}

// countMatches counts all rows that match. Where there are many, which may be known already, it takes the planner's
// estimate.
func (f *listed[Row]) countMatches(ctx context.Context, d *db.DB, query *bun.SelectQuery, many bool) error {
	count := int64(exactCount + 1)
	if !many {
		some := query.Clone().Limit(exactCount + 1)
		if err := d.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS matches", some).Scan(ctx, &count); err != nil {
			return err
		}
	}
	if count > exactCount {
		var text []byte
		if err := d.NewRaw("EXPLAIN (FORMAT JSON) ?", query.Clone()).Scan(ctx, &text); err != nil {
			return err
		}
		var plans []struct {
			Plan struct {
				Rows float64 `json:"Plan Rows"`
			}
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			return err
		}
		count, f.estimated = max(count, int64(plans[0].Plan.Rows)), new(true)
	}
	f.count = new(count)
	return nil
}
