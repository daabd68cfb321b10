package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/gen/client"
)

// writer is an outcome as the server writes it.
type writer interface {
	Write(http.ResponseWriter) error
}

// script answers the first requests with these outcomes, and all later ones with the last. It uses no
// network, so that synctest's time passes while the client pauses.
type script struct {
	outcomes []writer
	after    string // the header Retry-After of refusals, where it is not the server's own
	times    []time.Time
	bodies   []string
}

func (s *script) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err := errors.Join(err, req.Context().Err()); err != nil {
		return nil, err
	}
	s.times, s.bodies = append(s.times, time.Now()), append(s.bodies, string(body))
	recorder := httptest.NewRecorder()
	if s.after != "" {
		recorder.Header().Set("Retry-After", s.after)
	}
	err = s.outcomes[min(len(s.times), len(s.outcomes))-1].Write(recorder)
	return recorder.Result(), err
}

func (s *script) client() *client.API {
	return must(client.New("http://planoauth.example", client.WithHTTPClient(s)))
}

// slug is an outcome of which nothing but the status matters.
type slug gen.Status

func (s slug) Write(w http.ResponseWriter) error {
	w.WriteHeader(s.Code)
	return json.NewEncoder(w).Encode(map[string]any{"code": s.Code, "status": s.Slug, "message": "", "request_id": "R"})
}

var signIn = client.SessionsCreateParams{Email: "ada@example.com", Password: "analytical engine 1843", Application: "planoorder"}

// TestRetries sends a request three times after each status with x-retry later, and once after all others.
func TestRetries(t *testing.T) {
	for _, status := range gen.Statuses {
		t.Run(status.Slug, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{outcomes: []writer{slug(*status)}}
				s.client().SessionsCreate(t.Context(), signIn)
				want := 1
				if status.Retry == "later" {
					want = 3
				}
				if len(s.times) != want {
					t.Errorf("it is sent %d times, not %d", len(s.times), want)
				}
			})
		})
	}
}

// TestRetriesSendAllAnew: editors run for each attempt, the body is complete, and the first other outcome
// ends the retries.
func TestRetriesSendAllAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{outcomes: []writer{gen.ServerBusy{}, gen.ServerBusy{}, gen.InvalidPassword{}}}
		edited := 0
		outcome, err := s.client().SessionsCreate(t.Context(), signIn, func(context.Context, *http.Request) error { edited++; return nil })
		if _, refused := outcome.(client.InvalidPassword); err != nil || !refused || edited != 3 {
			t.Errorf("after %d edits the outcome is %#v, %v", edited, outcome, err)
		}
		for _, body := range s.bodies {
			text, err := base64.StdEncoding.DecodeString(body)
			if want := `{"application":"planoorder","email":"ada@example.com","password":"analytical engine 1843"}`; err != nil || string(text) != want {
				t.Errorf("a body is %s", text)
			}
		}
	})
}

// TestPauses measures the time between the first two attempts. Without a retry the outcome is returned at
// once.
func TestPauses(t *testing.T) {
	const seconds = time.Second
	rows := []struct {
		name        string
		outcome     writer
		after       string
		limit       time.Duration // of the context
		least, most time.Duration // of the pause; none when most is 0
		told        time.Duration // RetryAfter
	}{
		{"nothing asked", gen.ApplicationCrash{}, "", 0, 100 * time.Millisecond, 200 * time.Millisecond, 0},
		{"the server's second", gen.ServerBusy{}, "", 0, 1100 * time.Millisecond, 1200 * time.Millisecond, 1 * seconds},
		{"the most", gen.RateLimitExceeded{}, "10", 0, 10100 * time.Millisecond, 10200 * time.Millisecond, 10 * seconds},
		{"more", gen.RateLimitExceeded{}, "11", 0, 0, 0, 11 * seconds},
		{"far more", gen.RateLimitExceeded{}, "99999999999999999999", 0, 0, 0, (1<<31 - 1) * seconds},
		{"no number", gen.RateLimitExceeded{}, "Fri, 31 Dec 1999 23:59:59 GMT", 0, 100 * time.Millisecond, 200 * time.Millisecond, 0},
		{"more than the context has", gen.ServerBusy{}, "3", 3 * seconds, 0, 0, 3 * seconds},
		{"less than the context has", gen.ServerBusy{}, "3", 4 * seconds, 3100 * time.Millisecond, 3200 * time.Millisecond, 3 * seconds},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, ctx, began := &script{outcomes: []writer{row.outcome}, after: row.after}, t.Context(), time.Now()
				if row.limit > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, row.limit)
					defer cancel()
				}
				auth := s.client()
				auth.Retries = 1
				outcome, err := auth.SessionsCreate(ctx, signIn)
				var told time.Duration
				switch outcome := outcome.(type) {
				case client.ServerBusy:
					told = outcome.RetryAfter
				case client.RateLimitExceeded:
					told = outcome.RetryAfter
				}
				if err != nil || told != row.told {
					t.Errorf("the outcome is %#v, %v", outcome, err)
				}
				if paused := time.Since(began); paused < row.least || paused > row.most || (len(s.times) == 2) != (row.most > 0) {
					t.Errorf("there are %d attempts, and pauses of %v", len(s.times), paused)
				}
			})
		})
	}
}

// TestPausesGrow: each pause is twice as long as the last, up to a limit, and many retries do not overflow
// it.
func TestPausesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{outcomes: []writer{gen.ApplicationCrash{}}}
		auth := s.client()
		auth.Retries = 70
		auth.UsersRead(t.Context(), client.UsersReadParams{})
		least := 100 * time.Millisecond
		for i := 1; i < len(s.times); i++ {
			if pause := s.times[i].Sub(s.times[i-1]); pause < least || pause > 2*least {
				t.Errorf("pause %d is %v", i, pause)
			}
			least = min(2*least, 6400*time.Millisecond)
		}
		if len(s.times) != 71 {
			t.Errorf("there are %d attempts", len(s.times))
		}
	})
}

// TestCancelledPause: a pause that the context ends returns the last outcome.
func TestCancelledPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := &script{outcomes: []writer{gen.ServerBusy{}}, after: "9"}, time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		outcome, err := s.client().SessionsCreate(ctx, signIn)
		if _, busy := outcome.(client.ServerBusy); err != nil || !busy || time.Since(began) != 2*time.Second || len(s.times) != 1 {
			t.Errorf("after %v and %d attempts the outcome is %#v, %v", time.Since(began), len(s.times), outcome, err)
		}
		if outcome, err := s.client().SessionsCreate(ctx, signIn); outcome != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("a call that has ended before answers %v, %v", outcome, err)
		}
	})
}

// TestErrors finds outcomes by errors.As, with their fields.
func TestErrors(t *testing.T) {
	only := func(outcome writer) error {
		s := &script{outcomes: []writer{outcome}}
		_, err := client.Only[client.SessionsCreateActionSuccessful](s.client().SessionsCreate(t.Context(), signIn))
		return fmt.Errorf("signing in: %w", err)
	}
	var mail client.SessionsCreateMandrillEmailFailed
	if err := only(gen.SessionsCreateMandrillEmailFailed{Data: gen.Session{ID: 7, Token: "plas_7"}}); !errors.As(err, &mail) || mail.Data.Token != "plas_7" {
		t.Errorf("it is %#v", err)
	}
	var noClient client.SessionsCreateClientRequired
	if err := only(gen.SessionsCreateClientRequired{Session: gen.Session{ID: 8, Token: "plas_8"}}); !errors.As(err, &noClient) || noClient.Session.ID != 8 {
		t.Errorf("it is %#v", err)
	}
	var invalid client.InvalidParam
	err := only(gen.InvalidParam{Errors: gen.ParamErrors{{Param: "email", Rule: "format"}}})
	if !errors.As(err, &invalid) || invalid.Errors[0].Param != "email" || errors.As(err, &mail) || errors.Is(err, invalid) {
		t.Errorf("it is %#v", err)
	}
	invalid.RequestID = "3TQ5"
	if text := invalid.Error(); text != "invalid-param: A param is not valid. (request 3TQ5)" {
		t.Errorf("its text is %q", text)
	}
	s := &script{outcomes: []writer{gen.SessionsCreateActionSuccessful{}}}
	if _, err := client.Only[client.EmailNotFound](s.client().SessionsCreate(t.Context(), signIn)); err == nil || !strings.Contains(err.Error(), "not a client.EmailNotFound") {
		t.Errorf("a success that is not wanted is %v", err)
	}
}

// TestNoOutcome: an undocumented answer is an error that names the operation, and is not retried.
func TestNoOutcome(t *testing.T) {
	rows := []struct{ name, body, want string }{
		{"a page of a proxy", "<html>Bad gateway</html>", "sessionsCreate: HTTP status 502 without an envelope"},
		{"an envelope without a status", `{"code": 502}`, "sessionsCreate: HTTP status 502 without an envelope"},
		{"a slug of another operation", `{"status": "invalid-magic-link"}`, `sessionsCreate: HTTP status 502 with the undocumented status "invalid-magic-link"`},
		{"another type", `{"status": "email-not-found", "code": "400"}`, "sessionsCreate: the status email-not-found: json: cannot unmarshal string"},
		{"no answer", "", "sessionsCreate: Post "},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				if row.body == "" {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(502)
				io.WriteString(w, row.body)
			}))
			defer server.Close()
			_, err := must(client.New(server.URL)).SessionsCreate(t.Context(), signIn)
			if err == nil || !strings.HasPrefix(err.Error(), row.want) || strings.Contains(err.Error(), signIn.Password) || tries.Load() != 1 {
				t.Errorf("after %d attempts it is %v", tries.Load(), err)
			}
		})
	}
}

// TestRedirect: redirects are not followed, so no password goes elsewhere.
func TestRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		t.Errorf("%s %s was called", req.Method, req.URL)
	}))
	defer elsewhere.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, code))
		defer server.Close()
		_, err := must(client.New(server.URL)).SessionsCreate(t.Context(), signIn)
		if want := fmt.Sprintf("sessionsCreate: HTTP status %d without an envelope", code); err == nil || err.Error() != want {
			t.Errorf("it is %v, not %s", err, want)
		}
	}
}

// list answers sessions/index with this many sessions, page by page, or from the page refusedFrom on with a refusal.
type list struct {
	sessions, refusedFrom int
	pages                 []client.Page // as they were asked for
}

func (l *list) Do(req *http.Request) (*http.Response, error) {
	var params client.SessionsIndexParams
	check(json.NewDecoder(req.Body).Decode(&params))
	if params.View != client.Full || req.Header.Get("Authorization") != "Bearer plas_1" {
		return nil, fmt.Errorf("the params are %+v", params)
	}
	l.pages = append(l.pages, params.Page)
	recorder := httptest.NewRecorder()
	if l.refusedFrom > 0 && len(l.pages) >= l.refusedFrom {
		err := gen.InvalidToken{Param: "token"}.Write(recorder)
		return recorder.Result(), err
	}
	var outcome gen.SessionsIndexActionSuccessful
	before := (max(params.Page.Number, 1) - 1) * params.Page.Size
	if params.Page.After != "" {
		before = must(strconv.Atoi(params.Page.After))
	}
	for id := before + 1; id <= min(before+params.Page.Size, l.sessions); id++ {
		outcome.Data.Results = append(outcome.Data.Results, gen.Session{ID: int64(id)})
	}
	if end := before + params.Page.Size; end < l.sessions {
		outcome.Data.Next = strconv.Itoa(end)
	}
	err := outcome.Write(recorder)
	return recorder.Result(), err
}

// TestLists requests each page that is needed, and no other.
func TestLists(t *testing.T) {
	rows := []struct {
		name                string
		list                list
		page                client.Page
		first, last, breaks int64 // the ids that are seen, and at which the loop ends itself
		pages               []client.Page
		refused             bool
	}{
		{"no rows", list{}, client.Page{}, 0, 0, 0, []client.Page{{Size: 100}}, false},
		{"a page that is not full", list{sessions: 99}, client.Page{}, 1, 99, 0, []client.Page{{Size: 100}}, false},
		{"a full one", list{sessions: 100}, client.Page{}, 1, 100, 0, []client.Page{{Size: 100}}, false},
		{"a row more", list{sessions: 101}, client.Page{}, 1, 101, 0, []client.Page{{Size: 100}, {Size: 100, After: "100"}}, false},
		{"a size of one's own", list{sessions: 5}, client.Page{Size: 2}, 1, 5, 0, []client.Page{{Size: 2}, {Size: 2, After: "2"}, {Size: 2, After: "4"}}, false},
		{"a later beginning", list{sessions: 5}, client.Page{Number: 2, Size: 2}, 3, 5, 0, []client.Page{{Number: 2, Size: 2}, {Size: 2, After: "4"}}, false},
		{"a break", list{sessions: 5}, client.Page{Size: 2}, 1, 2, 2, []client.Page{{Size: 2}}, false},
		{"a refusal", list{sessions: 5, refusedFrom: 2}, client.Page{Size: 2}, 1, 2, 0, []client.Page{{Size: 2}, {Size: 2, After: "2"}}, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			auth := must(client.New("http://planoauth.example", client.WithHTTPClient(&row.list)))
			all := auth.SessionsIndexAll(t.Context(), client.SessionsIndexParams{View: client.Full, Page: row.page}, client.WithToken("plas_1"))
			for range 2 { // it begins anew each time
				row.list.pages = nil
				var ids []int64
				var end error
				for session, err := range all {
					if end != nil {
						t.Fatal("it goes on after an error")
					}
					if end = err; err == nil {
						ids = append(ids, session.ID)
					}
					if row.breaks > 0 && session.ID == row.breaks {
						break
					}
				}
				var want []int64
				for id := row.first; id > 0 && id <= row.last; id++ {
					want = append(want, id)
				}
				var refusal client.InvalidToken
				if !slices.Equal(ids, want) || !slices.Equal(row.list.pages, row.pages) || errors.As(end, &refusal) != row.refused || !row.refused && end != nil {
					t.Errorf("the ids are %v, the pages %v, the end is %v", ids, row.list.pages, end)
				}
			}
		})
	}
}

// TestReadme: the README shows an example that is tested.
func TestReadme(t *testing.T) {
	_, text, _ := strings.Cut(string(must(os.ReadFile("../../README.md"))), "```go\n")
	shown, _, found := strings.Cut(text, "```")
	indented := "\t" + strings.ReplaceAll(strings.TrimSpace(shown), "\n", "\n\t")
	if example := string(must(os.ReadFile("example_test.go"))); !found || !strings.Contains(example, indented) {
		t.Errorf("example_test.go does not have this:\n%s", indented)
	}
}
