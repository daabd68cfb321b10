package tests

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/password"
)

func oneHashSlot() func(*options) {
	return withSettings(func(s *impl.Settings) { s.HashWorkers = 1 })
}

// heldHashes gives the server one hashing slot. From hold until release, hashes wait.
func heldHashes(t testing.TB) (changes []func(*options), hold, release func()) {
	var holding atomic.Bool
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	changes = []func(*options){oneHashSlot(), onHash(func(password.Cost) {
		if holding.Load() {
			<-held
		}
	})}
	return changes, func() { holding.Store(true) }, release
}

// TestServerBusy fills the one hashing slot and an address's share of the queue with 65 requests; the next is
// refused, and no other.
func TestServerBusy(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		if _, listed := o.slugs["server-busy"]; !listed || o.id == "passwordsJudge" { // TestJudgingWaitsForASlot
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			changes, hold, release := heldHashes(t)
			e := start(t, changes...)
			v := busyRequest(e, o)
			hold()
			ctx, goAway := context.WithCancel(t.Context())
			answers := make(chan answer, 66)
			for i := range 66 {
				ctx := ctx // every other caller goes away
				if i%2 == 0 {
					ctx = t.Context()
				}
				go func() {
					a, err := e.trySend(ctx, v.method, v.path, v.encode(t, v.params), append([]string{"Content-Type", v.contentType()}, bearer(v.token)...)...)
					if err != nil && ctx.Err() == nil {
						t.Error(err)
					}
					answers <- a
				}()
			}
			if a := <-answers; a.status() != "server-busy" || a.code != 503 {
				t.Errorf("the first answer is %s", a.text)
			}
			goAway()
			release()
			for range 65 {
				if a := <-answers; a.status() == "server-busy" {
					t.Error("more than one of 66 were refused")
				}
			}
		})
	}
}

// TestServerBusyRetryAfter compares Retry-After with the time that the queue takes, on a clock that moves
// with each hash.
func TestServerBusyRetryAfter(t *testing.T) {
	t.Parallel()
	const oneHash = 470 * time.Millisecond
	var e *env
	var hashes atomic.Int64
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	defer release() // or the server could not be stopped where the test fails
	e = start(t, oneHashSlot(), onHash(func(password.Cost) {
		if hashes.Add(1) > 1 { // the first one shows the server how long a hash takes
			<-held
		}
		e.clock.stop(e.clock.now().Add(oneHash))
	}))
	e.clock.stop(time.Now())
	signIn := func() answer {
		body := b64(`{"email":"ada@example.com","password":"analytical engine 1843","application":"planoorder"}`)
		a, err := e.trySend(t.Context(), "POST", "/api/v1/sessions/create", body, "Content-Type", "text/plain")
		if err != nil {
			t.Error(err)
		}
		return a
	}
	signIn()
	began, answers := e.clock.now(), make(chan answer, 66)
	for range 66 {
		go func() { answers <- signIn() }()
	}
	busy := <-answers
	if busy.status() != "server-busy" {
		t.Fatalf("the first answer is %s", busy.text)
	}
	release()
	for range 65 {
		<-answers
	}
	took := e.clock.now().Sub(began)
	if asked, want := busy.header.Get("Retry-After"), strconv.Itoa(int(math.Ceil(took.Seconds()))); asked != want {
		t.Errorf("it says %s s, and those who waited took %v", asked, took)
	}
}

// TestServerBusyAfterAWaitLong: a request whose turn does not come in time is refused, and nobody is notified of
// a crash.
func TestServerBusyAfterAWaitLong(t *testing.T) {
	t.Parallel()
	began, held := make(chan struct{}, 1), make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	defer release()
	e := start(t, oneHashSlot(), onHash(func(password.Cost) {
		began <- struct{}{}
		<-held
	}))
	first := make(chan string, 1)
	go func() { first <- e.guess("ada@example.com", "x", "192.0.2.1") }()
	<-began
	busy := e.send("POST", "/api/v1/sessions/create", b64(`{"email":"ada@example.com","password":"x","application":"planoorder"}`), "Content-Type", "text/plain")
	if busy.status() != "server-busy" || busy.code != 503 || busy.header.Get("Retry-After") == "" {
		t.Errorf("the answer is %s, with Retry-After %q", busy.text, busy.header.Get("Retry-After"))
	}
	release()
	if slug := <-first; slug != "email-not-found" {
		t.Errorf("the outcome of the first request is %s", slug)
	}
	if n := e.count("notifications"); n > 0 {
		t.Errorf("there are %d notifications", n)
	}
}

// TestHashingIsSharedFairly floods the one hashing slot from one address, with passwords that take two hashes.
// Sign-ins from five others at once are served after the active request of the flood, before all its queued
// ones.
func TestHashingIsSharedFairly(t *testing.T) {
	t.Parallel()
	tickets := make(chan struct{}) // one for each hash
	var limiter *password.Limiter
	e := start(t, oneHashSlot(), withSettings(func(s *impl.Settings) { behindProxy(s); s.ThrottleAddress = 0 }), withServer(func(s *impl.Server) {
		limiter = s.Passwords.Limiter
		s.Passwords.OnHash = func(password.Cost) { <-tickets }
	}))
	email := e.user(person{client: true})
	end := sync.OnceFunc(func() { close(tickets) })
	t.Cleanup(end)
	ctx, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	for range 65 {
		flood.Go(func() {
			for ctx.Err() == nil {
				e.guess("nobody@example.com", "wro\u0301ng", "203.0.113.66")
			}
		})
	}
	e.within(busyLimit, "the flood has all of its share", func() bool { return limiter.Load().Queued == 64 })
	if slug := e.guess(email, goodPassword, "203.0.113.66"); slug != "server-busy" {
		t.Errorf("the outcome of one more is %s", slug)
	}
	for range 4 {
		outcomes := make(chan string, 5)
		for i := range 5 {
			go func() { outcomes <- e.guess(email, goodPassword, fmt.Sprint("198.51.100.", i)) }()
		}
		e.within(busyLimit, "six addresses are queued", func() bool { return limiter.Load().Addresses == 6 })
		for range 2 + 5 { // the second hash of the active request is the last one, or follows
			tickets <- struct{}{}
		}
		for range 5 {
			if slug := <-outcomes; slug != "action-successful" {
				t.Errorf("the outcome of a sign-in is %s", slug)
			}
		}
	}
	stop()
	end()
	flood.Wait()
}

// busyRequest returns a request that hashes a password.
func busyRequest(e *env, o *specOperation) *valid {
	v := &valid{specOperation: o, params: o.example(e.t)}
	switch o.id {
	case "usersClientRegister":
		v.token = e.session(e.user(person{noPassword: true}), "planoorder")
		v.params["client"].(map[string]any)["password"] = "nanoseconds on a wire"
	case "usersPasswordUpdate", "usersEmailChangeRequest", "usersDelete":
		v.token = e.session(e.user(person{}), "planoorder")
	case "usersPasswordReset":
		v.params["reset_token"] = e.link("reset", e.user(person{}), "", 0)
	}
	return v
}
