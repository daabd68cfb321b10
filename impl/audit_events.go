package impl

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var auditEvents = listing[db.AuditEvent]{
	filters: map[string]string{
		// An index of operations would have to sort all that it finds; || '' keeps Postgres from using one.
		"sign_ins":       "?TableAlias.operation || '' IN (" + auditedAs("sign-in", "sign-out") + ")",
		"refused":        "?TableAlias.status <> 'action-successful' AND ?TableAlias.status NOT IN (" + quoted(successes) + ")",
		"changes":        "?TableAlias.status IN (" + quoted(successes) + ") AND ?TableAlias.operation NOT IN (" + auditedAs("read") + ")",
		"administration": "?TableAlias.administration",
	},
	sorts: map[string]sorting[db.AuditEvent]{
		"created_at": {"?TableAlias.created_at", func(e *db.AuditEvent) any { return e.CreatedAt }},
	},
	sort: "created_at",
	id:   func(e *db.AuditEvent) int64 { return e.ID },
}

// contradict reports whether no event of an operation and a status, "" for any, can pass the filters. Postgres does not
// know that, and would read all events that pass one of them.
func contradict(filters []string, operation, status string) bool {
	has := func(filter string) bool { return slices.Contains(filters, filter) }
	if has("sign_ins") && has("administration") || has("refused") && has("changes") {
		return true
	}
	if status != "" && (has("refused") && succeeded(status) || has("changes") && !succeeded(status)) {
		return true
	}
	i := slices.IndexFunc(gen.Operations, func(op *gen.Operation) bool { return string(op.ID) == operation })
	if i < 0 { // none, a verb of the command, or an operation of an earlier version
		return false
	}
	op := gen.Operations[i]
	signsIn := op.Audit == "sign-in" || op.Audit == "sign-out"
	return has("sign_ins") && !signsIn || has("changes") && op.Audit == "read" || has("administration") && !administrative(op)
}

// auditedAs returns, as SQL, the operations with one of these values of x-audit.
func auditedAs(kinds ...string) string {
	return operationsThat(func(op *gen.Operation) bool { return slices.Contains(kinds, op.Audit) })
}

// administrativeChanges are, as SQL, the administrative operations that do more than read.
var administrativeChanges = operationsThat(func(op *gen.Operation) bool { return administrative(op) && op.Audit != "read" })

func operationsThat(are func(*gen.Operation) bool) string {
	var operations []string
	for _, op := range gen.Operations {
		if are(op) {
			operations = append(operations, string(op.ID))
		}
	}
	return quoted(operations)
}

// quoted returns names, which need no escapes, as SQL.
func quoted(names []string) string { return "'" + strings.Join(names, "', '") + "'" }

// AuditEventsIndex lists who did what.
func (s *Server) AuditEventsIndex(ctx context.Context, req gen.AuditEventsIndexRequestObject) (gen.AuditEventsIndexResponseObject, error) {
	c, p := callOf(ctx), req.Body
	searched, err := s.searchAudit(c, p)
	if err != nil {
		return nil, err
	}
	of, rest := searched.parts()
	if p.UserID != 0 {
		of, _ = (&auditSearch{users: []int64{p.UserID}}).parts()
		rest = searched
	}
	filters := texts(c.params["filters"])
	found, refusal, err := listParts(s, c, &auditEvents, of, func(q *bun.SelectQuery) {
		rest.narrow(q)
		if contradict(filters, p.Operation, p.Status) {
			q.Where("FALSE")
		}
		if slices.Contains(filters, "changes") && slices.Contains(filters, "administration") {
			q.Where("?TableAlias.operation IN (" + administrativeChanges + ")") // few of what administrators do, found by index
		}
		if p.Operation != "" {
			q.Where("?TableAlias.operation = ?", p.Operation)
		}
		if p.Status != "" {
			q.Where("?TableAlias.status = ?", p.Status)
		}
	})
	if refusal != nil || err != nil {
		return refusal, err
	}
	users, err := db.AuditedUsers(c.context(), s.DB, found.rows)
	if err != nil {
		return nil, err
	}
	return gen.AuditEventsIndexActionSuccessful{Data: gen.AuditEventList{
		Results: views(found, p.View, func(view gen.View, e *db.AuditEvent) gen.AuditEvent { return auditEventView(view, e, users) }),
		Next:    found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// auditSearch is what the param search of audit_events/index matches. A nil one matches all events.
type auditSearch struct {
	users   []int64 // those whose address matches
	email   string  // the pattern, if the users are not worth naming; else ""
	request string  // the pattern of request ids, "" for none
	refused bool    // whether only refusals are asked for
	user    int64   // the param user_id, 0 if it is absent
}

// searchedUsers is up to how many users the events of a page are looked up for. If the address of more matches, so do many
// events, and each event is checked.
const searchedUsers = 500

// amongRefusals reports whether the index of refusals has what the search needs.
func (a *auditSearch) amongRefusals() bool { return a.refused && len(a.users) > searchedUsers }

// searchAudit finds what the search matches. Of fewer than three characters it takes the beginning of addresses
// only. The events of one user are few, so that each is checked.
func (s *Server) searchAudit(c *call, of *gen.AuditEventsIndexParams) (*auditSearch, error) {
	p := listParamsOf(c.params)
	if p.term == "" {
		return nil, nil
	}
	wanted := func(attribute string) bool { return len(p.attributes) == 0 || slices.Contains(p.attributes, attribute) }
	search, short := &auditSearch{users: []int64{}}, utf8.RuneCountInString(p.term) < 3
	search.refused = slices.Contains(p.filters, "refused") || of.Status != "" && !succeeded(of.Status)
	if wanted("request_id") && !short {
		search.request = escapeLike(strings.ToUpper(p.term)) + "%"
	}
	if !wanted("email") {
		return search, nil
	}
	pattern := escapeLike(p.term) + "%"
	if !short {
		pattern = "%" + pattern
	}
	if of.UserID != 0 {
		search.email, search.user = pattern, of.UserID
		return search, nil
	}
	err := s.DB.NewSelect().Model((*db.User)(nil)).Column("id").Where(`lower(email COLLATE "C") LIKE search_text(?)`, pattern).
		Limit(fewFound+1).Scan(c.context(), &search.users)
	if len(search.users) > fewFound {
		search.users, search.email = nil, pattern
	}
	return search, err
}

// parts returns the parts of the matching events, without an event twice: each is found by an index of its own. Where
// that is not possible, or the parts are many, each event of a page has to be checked by rest.
func (a *auditSearch) parts() (of parts, rest *auditSearch) {
	if a == nil || a.email != "" || a.amongRefusals() {
		return parts{}, a
	}
	users := pgdialect.Array(a.users)
	byActor := part{"?TableAlias.actor_id = wanted.id AND ?TableAlias.actor_id IS DISTINCT FROM ?TableAlias.subject_id", nil, a.users}
	if len(a.users) > 1 {
		byActor.condition += " AND coalesce(?TableAlias.subject_id <> ALL(?), true)"
		byActor.args = []any{users}
	}
	of.each = []part{{"?TableAlias.subject_id = wanted.id", nil, a.users}, byActor}
	if a.request != "" {
		const condition = `?TableAlias.request_id COLLATE "C" LIKE ?1 AND ?TableAlias.request_id <> ''
			AND coalesce(?TableAlias.subject_id <> ALL(?0), true) AND coalesce(?TableAlias.actor_id <> ALL(?0), true)`
		of.each = append(of.each, part{condition, []any{users, a.request}, nil})
	}
	if of.onlyCounted = len(a.users) > searchedUsers; of.onlyCounted {
		rest = a
	}
	return of, rest
}

// narrow leaves the matching events of a query.
func (a *auditSearch) narrow(q *bun.SelectQuery) {
	if a == nil {
		return
	}
	if a.amongRefusals() {
		q.ModelTableExpr("(?) AS ?TableAlias", a.refusals(q.NewSelect()))
		return
	}
	q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		const matching = `EXISTS (SELECT FROM users u WHERE lower(u.email COLLATE "C") LIKE search_text(?0) AND u.id `
		switch {
		case a.email == "":
			q.Where("?TableAlias.subject_id = ANY(?0) OR ?TableAlias.actor_id = ANY(?0)", pgdialect.Array(a.users))
		case a.user != 0: // the user is looked at once, and for each event the other one
			q.Where(matching+"= ?1) OR "+matching+"= CASE ?TableAlias.subject_id WHEN ?1 THEN ?TableAlias.actor_id ELSE ?TableAlias.subject_id END)",
				a.email, a.user)
		default:
			q.Where(matching+"IN (?TableAlias.subject_id, ?TableAlias.actor_id))", a.email)
		}
		if a.request != "" {
			q.WhereOr(`?TableAlias.request_id COLLATE "C" LIKE ?`, a.request)
		}
		return q
	})
}

// refusals selects the refusals that the search matches.
func (a *auditSearch) refusals(query *bun.SelectQuery) *bun.SelectQuery {
	keys := query.NewSelect().TableExpr("audit_events AS e").ColumnExpr("e.created_at, e.id").
		Where("e.status <> ? AND (e.subject_id IN (SELECT id FROM wanted) OR e.actor_id IN (SELECT id FROM wanted))", successful)
	if a.request != "" {
		keys.Union(query.NewSelect().TableExpr("audit_events AS e").ColumnExpr("e.created_at, e.id").
			Where(`e.request_id COLLATE "C" LIKE ? AND e.request_id <> ''`, a.request))
	}
	return query.With("wanted", query.NewSelect().ColumnExpr("unnest(?::bigint[]) AS id", pgdialect.Array(a.users))).
		ColumnExpr("event.*").TableExpr("(?) AS key", keys).
		Join("CROSS JOIN LATERAL (SELECT * FROM audit_events e WHERE e.created_at = key.created_at AND e.id = key.id LIMIT 1) AS event")
}

// auditEventView selects the fields of an audit event. Of users who were deleted it has the ids alone.
func auditEventView(view gen.View, e *db.AuditEvent, users map[int64]*db.User) gen.AuditEvent {
	shown := gen.AuditEvent{ID: e.ID, CreatedAt: timeText(e.CreatedAt), Operation: e.Operation, Status: e.Status}
	if view == gen.Minimal {
		return shown
	}
	actor := minimalUser(e.ActorID, users)
	shown.Actor = gen.AuditActor{ID: actor.ID, Email: actor.Email, EmailVerified: actor.EmailVerified, Application: e.ActorApplication}
	if e.Command {
		shown.Actor.Command = &e.Command
	}
	shown.Subject = minimalUser(e.SubjectID, users)
	shown.Application, shown.RequestID, shown.Count = e.Application, e.RequestID, e.Count
	if view == gen.Full {
		shown.IP, shown.UserAgent, shown.Changed = e.IP, e.UserAgent, e.Changed
	}
	return shown
}

// minimalUser returns what the view minimal shows of a user, or the id alone.
func minimalUser(id int64, users map[int64]*db.User) gen.User {
	if user := users[id]; user != nil {
		return userView(gen.Minimal, user)
	}
	return gen.User{ID: id}
}
