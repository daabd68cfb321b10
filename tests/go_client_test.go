package tests

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// after calls done with the number of each answer.
type after struct {
	next    http.RoundTripper
	answers int
	done    func(n int)
}

func (a *after) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.next.RoundTrip(req)
	a.answers++
	a.done(a.answers)
	return res, err
}

// TestGoClientTriesAgain: the client retries after the time in Retry-After, and succeeds.
func TestGoClientTriesAgain(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleAddress = 3 }))
	token := e.signIn(e.user(person{client: true}))
	minute := time.Now().Truncate(time.Minute).Add(time.Hour)
	e.clock.stop(minute)
	for range 3 {
		e.api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token))
	}
	e.clock.stop(minute.Add(59 * time.Second))
	refused := want[client.RateLimitExceeded](e.api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token)))(t)
	if refused.RetryAfter != time.Second {
		t.Errorf("it is to be tried again after %v", refused.RetryAfter)
	}
	wire := &after{next: e.http.Transport, done: func(int) { e.clock.stop(minute.Add(time.Minute)) }}
	api, err := client.New(e.url, client.WithHTTPClient(&http.Client{Transport: wire}))
	check(t, err)
	began := time.Now()
	want[client.UsersReadActionSuccessful](api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token)))(t)
	if paused := time.Since(began); wire.answers != 2 || paused < time.Second {
		t.Errorf("there were %d answers in %v", wire.answers, paused)
	}
}

// TestGoClientLists iterates over 45 sessions in three pages, the oldest first. When its session ends, it
// returns the refusal.
func TestGoClientLists(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	var token string
	for range 45 {
		token = e.signIn(email)
	}
	list := func(done func(n int)) (ids []int64, answers int, end error) {
		wire := &after{next: e.http.Transport, done: done}
		params := client.SessionsIndexParams{Page: client.Page{Size: 20}, Sort: client.SessionsIndexSort{Order: client.Asc}}
		for session, err := range connect(t, e.url, &http.Client{Transport: wire}).SessionsIndexAll(t.Context(), params, client.WithToken(token)) {
			if end = err; err == nil {
				ids = append(ids, session.ID)
			}
		}
		return ids, wire.answers, end
	}
	ids, answers, err := list(func(int) {})
	if len(ids) != 45 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 45 || answers != 3 || err != nil {
		t.Errorf("in %d answers the sessions are %v, %v", answers, ids, err)
	}
	ids, answers, err = list(func(n int) {
		if n == 2 {
			e.exec("DELETE FROM sessions")
		}
	})
	var refusal client.InvalidToken
	if len(ids) != 40 || answers != 3 || !errors.As(err, &refusal) || refusal.Param != "token" {
		t.Errorf("in %d answers the sessions are %v, %v", answers, ids, err)
	}
}
