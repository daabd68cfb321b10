package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// note describes a notification that a test needs. Empty fields get defaults.
type note struct {
	kind, message string
	age           time.Duration
	seen          bool // acknowledged by nobody who is known any more
}

// notification inserts a notification and returns its id.
func (e *env) notification(n note) (id int64) {
	e.t.Helper()
	created := e.clock.now().Add(-n.age)
	var seen any
	if n.seen {
		seen = created
	}
	check(e.t, e.pool.QueryRow(context.Background(), `
INSERT INTO notifications (kind, operation, message, request_id, created_at, acknowledged_at)
VALUES ($1, 'clientsRegister', $2, '3TQ5ZKXW7N2RFYB4MJ6HCDLVAE', $3, $4) RETURNING id`, n.kind, n.message, created, seen).Scan(&id))
	return id
}

// TestNotificationsIndex lists five notifications, which rows name by their ids: 1 is the oldest, 2 and 3
// have the same time.
func TestNotificationsIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.clock.stop(time.Date(2026, 11, 22, 10, 38, 11, 0, time.UTC))
	for _, n := range []note{
		{kind: "mail-given-up", message: "Mail 1 was given up", age: 4 * time.Hour, seen: true},
		{kind: "application-crash", message: "A request crashed: 100% of it", age: 3 * time.Hour},
		{kind: "application-crash", message: `A back\slash, and a_b`, age: 3 * time.Hour, seen: true},
		{kind: "mandrill-email-failed", message: "Mail 2 could not be sent", age: 2 * time.Hour},
		{kind: "throttled", message: "It's all about MAIL", age: time.Hour},
	} {
		e.notification(n)
	}
	token := e.session(e.user(person{employee: true}), "planoauth")
	search := func(term string, attributes ...client.NotificationsIndexSearchAttributes) client.NotificationsIndexSearch {
		return client.NotificationsIndexSearch{Term: term, Attributes: attributes}
	}
	unacknowledged := []string{"unacknowledged"}
	rows := []struct {
		name   string
		params client.NotificationsIndexParams
		want   []int64
		all    int64 // matches, whatever the page
	}{
		{"nothing is said", client.NotificationsIndexParams{}, []int64{5, 4, 3, 2, 1}, 5},
		{"the oldest first", client.NotificationsIndexParams{Sort: client.NotificationsIndexSort{Order: client.Asc}}, []int64{1, 2, 3, 4, 5}, 5},
		{"the newest first, as said", client.NotificationsIndexParams{Sort: client.NotificationsIndexSort{By: "created_at", Order: client.Desc}}, []int64{5, 4, 3, 2, 1}, 5},
		{"what nobody has seen to", client.NotificationsIndexParams{Filters: unacknowledged}, []int64{5, 4, 2}, 3},
		{"no filter", client.NotificationsIndexParams{Filters: []string{}}, []int64{5, 4, 3, 2, 1}, 5},
		{"a term in kind or message", client.NotificationsIndexParams{Search: search("mail")}, []int64{5, 4, 1}, 3},
		{"a term in upper case", client.NotificationsIndexParams{Search: search("MAIL")}, []int64{5, 4, 1}, 3},
		{"a term in the kind", client.NotificationsIndexParams{Search: search("mail", "kind")}, []int64{4, 1}, 2},
		{"a term in the message", client.NotificationsIndexParams{Search: search("crash", "message")}, []int64{2}, 1},
		{"a term in either, as said", client.NotificationsIndexParams{Search: search("crash", "message", "kind")}, []int64{3, 2}, 2},
		{"a term and a filter", client.NotificationsIndexParams{Search: search("crash"), Filters: unacknowledged}, []int64{2}, 1},
		{"a term that is found nowhere", client.NotificationsIndexParams{Search: search("nothing")}, []int64{}, 0},
		{"a term that SQL would take for a wildcard", client.NotificationsIndexParams{Search: search("%")}, []int64{2}, 1},
		{"another one", client.NotificationsIndexParams{Search: search("_")}, []int64{3}, 1},
		{"a backslash", client.NotificationsIndexParams{Search: search(`\`)}, []int64{3}, 1},
		{"a quote", client.NotificationsIndexParams{Search: search(`'`)}, []int64{5}, 1},
		{"a question mark", client.NotificationsIndexParams{Search: search(`?`)}, []int64{}, 0},
		{"the first page", client.NotificationsIndexParams{Page: client.Page{Size: 2}}, []int64{5, 4}, 5},
		{"the second page, between two of one time", client.NotificationsIndexParams{Page: client.Page{Size: 3, Number: 2}}, []int64{2, 1}, 5},
		{"the second page of the oldest", client.NotificationsIndexParams{Page: client.Page{Size: 2, Number: 2}, Sort: client.NotificationsIndexSort{Order: client.Asc}}, []int64{3, 4}, 5},
		{"a page after the last", client.NotificationsIndexParams{Page: client.Page{Number: 1_000_000}}, []int64{}, 5},
		{"a page of what a filter leaves", client.NotificationsIndexParams{Page: client.Page{Size: 2, Number: 2}, Filters: unacknowledged}, []int64{2}, 3},
	}
	for _, row := range rows {
		for _, count := range []bool{false, true} {
			row.params.Count = count
			list := want[client.NotificationsIndexActionSuccessful](e.api.NotificationsIndex(t.Context(), row.params, client.WithToken(token)))(t).Data
			ids := []int64{}
			for _, n := range list.Results {
				ids = append(ids, n.ID)
			}
			if !slices.Equal(ids, row.want) {
				t.Errorf("%s: want %v, have %v", row.name, row.want, ids)
			}
			if count && list.Count != row.all || !count && list.Count != 0 {
				t.Errorf("%s: want the count %d where it was asked for (%v), have %d", row.name, row.all, count, list.Count)
			}
		}
	}
	if e.count("notifications WHERE acknowledged_at IS NOT NULL") != 2 {
		t.Error("listing changed something")
	}
	for body, want := range map[string]string{
		`{"count":true,"search":{"term":"nothing"}}`:  `"data":{"count":0,"results":[]}`,
		`{"count":false,"search":{"term":"nothing"}}`: `"data":{"results":[]}`,
	} {
		if a := e.send("POST", "/api/v1/notifications/index", []byte(body), append([]string{"Content-Type", "application/json"}, bearer(token)...)...); !strings.Contains(a.text, want) {
			t.Errorf("%s answers %s", body, a.text)
		}
	}
}

// TestNotificationsPage: a page has twenty notifications by default.
func TestNotificationsPage(t *testing.T) {
	t.Parallel()
	e := start(t)
	for i := range 25 {
		e.notification(note{kind: "application-crash", message: fmt.Sprint(i)})
	}
	token := e.session(e.user(person{employee: true}), "planoauth")
	for page, want := range map[client.Page]int{{}: 20, {Number: 2}: 5, {Number: 3}: 0, {Size: 100}: 25} {
		outcome, err := e.api.NotificationsIndex(t.Context(), client.NotificationsIndexParams{Page: page}, client.WithToken(token))
		check(t, err)
		if n := len(outcome.(client.NotificationsIndexActionSuccessful).Data.Results); n != want {
			t.Errorf("%+v has %d notifications, not %d", page, n, want)
		}
	}
}

func TestNotificationsViews(t *testing.T) {
	t.Parallel()
	e := start(t)
	id := e.notification(note{kind: "application-crash", message: "A request crashed"})
	token := e.session(e.user(person{employee: true}), "planoauth")
	for _, row := range []struct {
		view client.View
		want string
	}{
		{client.Minimal, "application-crash"},
		{"", "application-crash clientsRegister A request crashed 3TQ5ZKXW7N2RFYB4MJ6HCDLVAE seen"},
		{client.Default, "application-crash clientsRegister A request crashed 3TQ5ZKXW7N2RFYB4MJ6HCDLVAE seen"},
		{client.Full, "application-crash clientsRegister A request crashed 3TQ5ZKXW7N2RFYB4MJ6HCDLVAE seen by somebody"},
	} {
		changed := want[client.NotificationsUpdateActionSuccessful](e.api.NotificationsUpdate(t.Context(), client.NotificationsUpdateParams{ID: id, Acknowledged: true, View: row.view}, client.WithToken(token)))(t)
		listed := want[client.NotificationsIndexActionSuccessful](e.api.NotificationsIndex(t.Context(), client.NotificationsIndexParams{View: row.view}, client.WithToken(token)))(t)
		for _, n := range append(listed.Data.Results, changed.Data) {
			if got := noteText(n); got != row.want || n.ID != id || n.CreatedAt.IsZero() {
				t.Errorf("the view %q is %+v", row.view, n)
			}
		}
	}
}

// noteText describes what a view shows of a notification.
func noteText(n client.Notification) (text string) {
	for _, word := range []string{n.Operation, n.Message, n.RequestID} {
		if word != "" {
			text += " " + word
		}
	}
	if !n.AcknowledgedAt.IsZero() {
		text += " seen"
	}
	if n.AcknowledgedBy != 0 {
		text += " by somebody"
	}
	return n.Kind + text
}

// TestNotificationsUpdate: the first acknowledgement counts until it is withdrawn.
func TestNotificationsUpdate(t *testing.T) {
	t.Parallel()
	e := start(t)
	now := time.Date(2026, 11, 22, 10, 38, 11, 0, time.UTC)
	e.clock.stop(now)
	id, other := e.notification(note{kind: "a", message: "b"}), e.notification(note{kind: "a", message: "b"})
	ada, grace := e.user(person{employee: true}), e.user(person{employee: true})
	tokens := map[string]string{ada: e.session(ada, "planoauth"), grace: e.session(grace, "planoauth")}
	steps := []struct {
		name, who    string
		acknowledged bool
		by           string // afterwards
		at           time.Duration
	}{
		{"nobody had", ada, false, "", 0},
		{"Ada sees to it", ada, true, ada, 1},
		{"Grace is too late", grace, true, ada, 1},
		{"Ada again", ada, true, ada, 1},
		{"Grace takes it back", grace, false, "", 0},
		{"Grace sees to it", grace, true, grace, 5},
	}
	for i, step := range steps {
		e.clock.stop(now.Add(time.Duration(i) * time.Minute))
		n := want[client.NotificationsUpdateActionSuccessful](e.api.NotificationsUpdate(t.Context(),
			client.NotificationsUpdateParams{ID: id, Acknowledged: step.acknowledged, View: client.Full}, client.WithToken(tokens[step.who])))(t).Data
		if (n.AcknowledgedBy != 0) != (step.by != "") || step.by != "" && e.count("users WHERE id = $1 AND email = $2", n.AcknowledgedBy, step.by) != 1 {
			t.Errorf("%s: it is %+v", step.name, n)
		}
		if step.by != "" && !n.AcknowledgedAt.Equal(now.Add(step.at*time.Minute)) || step.by == "" && !n.AcknowledgedAt.IsZero() {
			t.Errorf("%s: it is %+v", step.name, n)
		}
		if e.count("notifications WHERE id = $1 AND acknowledged_by IS NULL", other) != 1 {
			t.Errorf("%s: another one changed", step.name)
		}
	}
	gone := e.userID(grace)
	e.exec("DELETE FROM users WHERE email = $1", grace)
	left := want[client.NotificationsUpdateActionSuccessful](e.api.NotificationsUpdate(t.Context(),
		client.NotificationsUpdateParams{ID: id, Acknowledged: true, View: client.Full}, client.WithToken(tokens[ada])))(t).Data
	if left.AcknowledgedBy != gone || !left.AcknowledgedAt.Equal(now.Add(5*time.Minute)) {
		t.Errorf("once its first is gone, it is %+v", left)
	}
	missing := want[client.InvalidParam](e.api.NotificationsUpdate(t.Context(), client.NotificationsUpdateParams{ID: 99, Acknowledged: true}, client.WithToken(tokens[ada])))(t)
	if got := errorsOf(missing.Errors); got != "id exists" {
		t.Errorf("an unknown id is %s", got)
	}
}

// TestNotificationsRoles: only active employees with a session of an application that admits them may call.
// Param errors come first.
func TestNotificationsRoles(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.notification(note{kind: "application-crash", message: "A request crashed"})
	rows := []struct {
		name   string
		person person
		app    string
		want   string
	}{
		{"an employee", person{employee: true}, "planoauth", "action-successful"},
		{"an employee who is a client too", person{employee: true, client: true}, "planoauth", "action-successful"},
		{"an employee in an application for clients", person{employee: true, client: true}, "planoorder", "permission-denied"},
		{"a client", person{client: true}, "planoauth", "permission-denied"},
		{"a liaison", person{liaison: true}, "planoauth", "permission-denied"},
		{"an employee no longer active", person{employee: true, inactive: true}, "planoauth", "invalid-token"},
		{"nobody without a record", person{}, "planoauth", "client-required"},
	}
	for _, row := range rows {
		token := client.WithToken(e.session(e.user(row.person), row.app))
		index, err := e.api.NotificationsIndex(t.Context(), client.NotificationsIndexParams{}, token)
		check(t, err)
		update, err := e.api.NotificationsUpdate(t.Context(), client.NotificationsUpdateParams{ID: 1, Acknowledged: true}, token)
		check(t, err)
		if index.Slug() != row.want || update.Slug() != row.want {
			t.Errorf("%s: want %s, have %s and %s", row.name, row.want, index.Slug(), update.Slug())
		}
		if n := e.count("notifications WHERE acknowledged_at IS NOT NULL"); (n == 1) != (row.want == "action-successful") {
			t.Errorf("%s: %d are acknowledged", row.name, n)
		}
		e.exec("UPDATE notifications SET acknowledged_at = NULL")
		if row.want == "permission-denied" {
			want[client.InvalidParam](e.api.NotificationsIndex(t.Context(), client.NotificationsIndexParams{View: "x"}, token))(t)
		}
	}
}

// TestNotificationsParams: errors inside a list are reported with the param of the list.
func TestNotificationsParams(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.session(e.user(person{employee: true}), "planoauth")
	rows := []struct{ body, want string }{
		{`{"sort":{"by":"x"},"page":{"size":0,"number":0},"filters":["y","unacknowledged",7],"search":{"term":"","attributes":["kind","z"]},"unknown":1,"view":"w"}`,
			"view enum, search.term minLength, search.attributes.1 enum, filters.0 enum, filters.2 type, page.size minimum, page.number minimum, sort.by enum, unknown additionalProperties"},
		{`{"search":{},"filters":"unacknowledged"}`, "search.term required, filters type"},
		{`{"filters":[null]}`, "filters.0 type"},
		{`{"filters":null,"search":null,"page":{"size":101},"sort":{"order":"up","x":1}}`, "page.size maximum, sort.order enum, sort.x additionalProperties"},
		{`{"page":{"number":1000001}}`, "page.number maximum"},
	}
	for _, row := range rows {
		a := e.send("POST", "/api/v1/notifications/index", []byte(row.body), append([]string{"Content-Type", "application/json"}, bearer(token)...)...)
		if got := a.params(); got != row.want {
			t.Errorf("%s: want %s, have %s", row.body, row.want, a.text)
		}
	}
}
