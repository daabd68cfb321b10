package tests

import (
	"context"
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
	return withSettings(func(s *impl.Settings) { s.HashWorkers, s.ThrottlePasswords = 1, 0 })
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

// TestServerBusy fills the one hashing slot and its queue with 65 requests; the next is refused, and no
// other.
func TestServerBusy(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		if _, listed := o.slugs["server-busy"]; !listed {
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
	close(held)
	for range 65 {
		<-answers
	}
	took := e.clock.now().Sub(began)
	if asked, want := busy.header.Get("Retry-After"), strconv.Itoa(int(math.Ceil(took.Seconds()))); asked != want {
		t.Errorf("it says %s s, and those who waited took %v", asked, took)
	}
}

// busyRequest returns a request that hashes a password.
func busyRequest(e *env, o *specOperation) *valid {
	v := &valid{specOperation: o, params: o.example(e.t)}
	switch o.id {
	case "usersClientRegister":
		v.token = e.session(e.user(person{noPassword: true}), "planoorder")
		v.params["client"].(map[string]any)["password"] = "nanoseconds on a wire"
	case "usersPasswordUpdate":
		v.token = e.session(e.user(person{}), "planoorder")
	case "usersPasswordReset":
		v.params["reset_token"] = e.link("reset", e.user(person{}), "", 0)
	}
	return v
}
