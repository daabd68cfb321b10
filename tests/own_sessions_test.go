package tests

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// device sets the User-Agent header of a request.
func device(name string) client.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("User-Agent", name)
		return nil
	}
}

// signInOn signs a user in to planoorder with a device and returns the session.
func (e *env) signInOn(email, name string) client.Session {
	e.t.Helper()
	params := client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"}
	return want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(e.t.Context(), params, device(name)))(e.t).Data
}

func TestSessionsIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true, liaison: true})
	e.signIn(e.user(person{client: true})) // another user's, which is never seen
	phone, tablet, desk := e.signInOn(email, "phone"), e.signInOn(email, "tablet"), e.signInOn(email, "desk")
	e.exec("UPDATE sessions SET application_id = (SELECT id FROM applications WHERE slug = 'planoauth') WHERE id = $1", tablet.ID)
	e.exec("UPDATE sessions SET last_used_at = last_used_at + interval '10 minutes' WHERE id = $1", phone.ID)
	e.exec("UPDATE sessions SET created_at = created_at - interval '1 hour' WHERE id = $1", desk.ID)
	expired := e.signInOn(email, "old")
	e.exec("UPDATE sessions SET last_used_at = last_used_at - interval '72 hours' WHERE id = $1", expired.ID)
	rows := []struct {
		name   string
		params client.SessionsIndexParams
		want   []int64
		count  int64
	}{
		{"the newest first", client.SessionsIndexParams{}, []int64{tablet.ID, phone.ID, desk.ID}, 0},
		{"the oldest first", client.SessionsIndexParams{Sort: client.SessionsIndexSort{Order: client.Asc}}, []int64{desk.ID, phone.ID, tablet.ID}, 0},
		{"the last used first", client.SessionsIndexParams{Sort: client.SessionsIndexSort{By: "last_used_at"}}, []int64{phone.ID, desk.ID, tablet.ID}, 0},
		{"with the number of all", client.SessionsIndexParams{Count: true, Page: client.Page{Size: 2}}, []int64{tablet.ID, phone.ID}, 3},
		{"the second page", client.SessionsIndexParams{Count: true, Page: client.Page{Size: 2, Number: 2}}, []int64{desk.ID}, 3},
		{"a page behind the last", client.SessionsIndexParams{Count: true, Page: client.Page{Number: 3}}, []int64{}, 3},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := want[client.SessionsIndexActionSuccessful](e.api.SessionsIndex(t.Context(), row.params, client.WithToken(desk.Token)))(t)
			ids := []int64{}
			for _, session := range got.Data.Results {
				ids = append(ids, session.ID)
				if session.Token != "" || session.UserAgent != "" || session.User.Email != email {
					t.Errorf("the default view is %+v", session)
				}
			}
			if !slices.Equal(ids, row.want) || got.Data.Count != row.count {
				t.Errorf("want %v of %d, have %v of %d", row.want, row.count, ids, got.Data.Count)
			}
		})
	}
	full := want[client.SessionsIndexActionSuccessful](e.api.SessionsIndex(t.Context(), client.SessionsIndexParams{View: client.Full}, client.WithToken(desk.Token)))(t)
	for _, session := range full.Data.Results {
		var used time.Time
		check(t, e.pool.QueryRow(t.Context(), "SELECT last_used_at FROM sessions WHERE id = $1", session.ID).Scan(&used))
		if !session.LastUsedAt.Equal(used) {
			t.Errorf("%s was last used at %v, not %v", session.UserAgent, used, session.LastUsedAt)
		}
	}
	if s := full.Data.Results[0]; s.UserAgent != "tablet" || s.IP != "127.0.0.1" || s.Method != "password" || s.Application != "planoauth" || !slices.Equal(s.Roles, []string{"client", "liaison"}) {
		t.Errorf("the full view is %+v", s)
	}
	wrong := want[client.InvalidParam](e.api.SessionsIndex(t.Context(), client.SessionsIndexParams{
		Page: client.Page{Size: 101, Number: -1}, Sort: client.SessionsIndexSort{By: "ip", Order: "up"},
	}, client.WithToken(desk.Token)))(t)
	if errorsOf(wrong.Errors) != "page.size maximum, page.number minimum, sort.by enum, sort.order enum" {
		t.Errorf("the errors are %s", errorsOf(wrong.Errors))
	}
}

func TestSessionsDeleteScopes(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		params func(current, other, foreign, expired int64) client.SessionsDeleteParams
		want   string
		errors string
		count  int64
		left   []string // which sessions are left
	}{
		{"the presented one, when nothing is said", func(_, _, _, _ int64) client.SessionsDeleteParams { return client.SessionsDeleteParams{} }, "action-successful", "", 1, []string{"other", "foreign", "expired"}},
		{"the presented one", func(_, _, _, _ int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{Scope: "current"}
		}, "action-successful", "", 1, []string{"other", "foreign", "expired"}},
		{"the others", func(_, _, _, _ int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{Scope: "others"}
		}, "action-successful", "", 1, []string{"current", "foreign", "expired"}},
		{"all", func(_, _, _, _ int64) client.SessionsDeleteParams { return client.SessionsDeleteParams{Scope: "all"} }, "action-successful", "", 2, []string{"foreign", "expired"}},
		{"another one", func(_, other, _, _ int64) client.SessionsDeleteParams { return client.SessionsDeleteParams{ID: other} }, "action-successful", "", 1, []string{"current", "foreign", "expired"}},
		{"the presented one by its id", func(current, _, _, _ int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{ID: current}
		}, "action-successful", "", 1, []string{"other", "foreign", "expired"}},
		{"another user's", func(_, _, foreign, _ int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{ID: foreign}
		}, "invalid-param", "id exists", 0, []string{"current", "other", "foreign", "expired"}},
		{"one that has expired", func(_, _, _, expired int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{ID: expired}
		}, "invalid-param", "id exists", 0, []string{"current", "other", "foreign", "expired"}},
		{"both an id and a scope", func(_, other, _, _ int64) client.SessionsDeleteParams {
			return client.SessionsDeleteParams{ID: other, Scope: "all"}
		}, "invalid-param", "scope allowed", 0, []string{"current", "other", "foreign", "expired"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			email := e.user(person{client: true})
			sessions := map[string]client.Session{
				"current": e.signInOn(email, "current"), "other": e.signInOn(email, "other"),
				"foreign": e.signInOn(e.user(person{client: true}), "foreign"), "expired": e.signInOn(email, "expired"),
			}
			e.exec("UPDATE sessions SET created_at = created_at - interval '8 days' WHERE id = $1", sessions["expired"].ID)
			params := row.params(sessions["current"].ID, sessions["other"].ID, sessions["foreign"].ID, sessions["expired"].ID)
			outcome, err := e.api.SessionsDelete(t.Context(), params, client.WithToken(sessions["current"].Token))
			check(t, err)
			if outcome.Slug() != row.want {
				t.Fatalf("want %s, have %#v", row.want, outcome)
			}
			switch outcome := outcome.(type) {
			case client.InvalidParam:
				if errorsOf(outcome.Errors) != row.errors {
					t.Errorf("the errors are %s", errorsOf(outcome.Errors))
				}
			case client.SessionsDeleteActionSuccessful:
				if outcome.Data.Count != row.count {
					t.Errorf("%d sessions ended, want %d", outcome.Data.Count, row.count)
				}
			}
			for name, session := range sessions {
				if left := e.count("sessions WHERE id = $1", session.ID) == 1; left != slices.Contains(row.left, name) {
					t.Errorf("that %s is left is %v", name, left)
				}
			}
			still := want[client.SessionsReadActionSuccessful](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(sessions["foreign"].Token)))(t)
			if still.Data.ID != sessions["foreign"].ID {
				t.Error("another user was signed out")
			}
		})
	}
}

// TestReferencedParamErrors: params that the spec describes by $ref are reported with the rules of the
// referenced schema.
func TestReferencedParamErrors(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := append(bearer(e.signIn(e.user(person{client: true}))), "Content-Type")
	for _, row := range []struct{ method, path, contentType, params, want string }{
		{"POST", "sessions/delete", "application/json", `{"id":"x"}`, "id type"},
		{"POST", "sessions/delete", "application/json", `{"id":-1}`, "id minimum"},
		{"PUT", "users/password_update", "text/plain", `{"password":"x","current_password":"` + strings.Repeat("x", 257) + `"}`, "current_password maxLength"},
	} {
		body := []byte(row.params)
		if row.contentType == "text/plain" {
			body = b64(row.params)
		}
		a := e.send(row.method, "/api/v1/"+row.path, body, append(token, row.contentType)...)
		if a.status() != "invalid-param" || a.params() != row.want {
			t.Errorf("%s %s: %s", row.path, row.params[:min(20, len(row.params))], a.text)
		}
	}
}

// TestSessionsDeleteRemembered: with remember_me a session does not expire.
func TestSessionsDeleteRemembered(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true, rememberMe: true})
	e.signInOn(email, "old")
	e.clock.move(100 * 24 * time.Hour)
	current := e.signInOn(email, "current")
	outcome := want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{Scope: "all"}, client.WithToken(current.Token)))(t)
	if outcome.Data.Count != 2 || e.count("sessions") != 0 {
		t.Errorf("%d sessions ended", outcome.Data.Count)
	}
}

// TestExpiredSessionsStayReported: an expired session is reported as expired after the others were signed
// out.
func TestExpiredSessionsStayReported(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	old := e.signInOn(email, "old")
	e.clock.move(73 * time.Hour)
	current := e.signInOn(email, "current")
	want[client.SessionsDeleteActionSuccessful](e.api.SessionsDelete(t.Context(), client.SessionsDeleteParams{Scope: "all"}, client.WithToken(current.Token)))(t)
	want[client.SessionExpired](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(old.Token)))(t)
	want[client.InvalidToken](e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(current.Token)))(t)
}
