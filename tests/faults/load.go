package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	product = "planoorder"
	current = 40                     // people that a worker goes on with
	most    = 20_000                 // requests of a row
	probe   = 250 * time.Millisecond // between two sign-ins that wait for nobody
)

// load is a closed loop of workers, which wait for an answer each before the next request.
type load struct {
	*row
	spec    spec
	http    *http.Client
	product string   // the product's token
	writes  []string // the URLs of the replicas
	checks  []string // those that session checks go to
	pace    time.Duration
	links   bool // nothing but registrations and requests for links

	stop    atomic.Bool
	began   time.Time
	working sync.WaitGroup
	workers []*worker
}

// worker has people of its own, so that it knows what each answer must be.
type worker struct {
	*load
	id     int
	random *rand.Rand
	people []*person // registered people, with all that is known of them
	all    []*person
}

// start starts so many workers, and one that probes.
func (l *load) start(workers int) {
	l.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	l.began = time.Now()
	for id := range workers {
		l.add(id).run((*worker).work)
	}
	if !l.links {
		l.add(workers).run((*worker).probe)
	}
}

func (l *load) add(id int) *worker {
	w := &worker{load: l, id: id, random: rand.New(rand.NewPCG(uint64(id), uint64(len(l.Fault))))}
	l.workers = append(l.workers, w)
	return w
}

func (w *worker) run(work func(*worker)) { w.working.Go(func() { work(w) }) }

// end waits for the answers that are under way.
func (l *load) end() {
	l.stop.Store(true)
	l.working.Wait()
	l.closes(time.Since(l.began))
	l.http.CloseIdleConnections()
}

func (l *load) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stop.Load() || l.Requests >= most
}

// aim says where requests go from now on.
func (l *load) aim(writes, checks []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes, l.checks = writes, checks
}

// url is where a worker's writes go.
func (w *worker) url() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes[w.id%len(w.writes)]
}

func (w *worker) checkURL() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.checks[w.random.IntN(len(w.checks))]
}

func (w *worker) work() {
	for !w.over() {
		began := time.Now()
		w.act()
		if rest := w.pace - time.Since(began); rest > 0 {
			time.Sleep(rest)
		}
	}
}

// act does what people do, most often sign in and be checked.
func (w *worker) act() {
	n := w.random.IntN(100)
	if w.links {
		n = n / 50 * 99
	}
	switch {
	case n < 25 || len(w.people) == 0:
		w.register()
	case n < 45:
		w.signIn(w.someone())
	case n < 65:
		w.checkSession(w.someone())
	case n < 80:
		w.signOut(w.someone())
	case n < 90:
		w.changePassword(w.someone())
	default:
		w.requestLink(w.someone())
	}
}

// someone is one of the last people that the worker registered.
func (w *worker) someone() *person {
	recent := w.people[max(0, len(w.people)-current):]
	return recent[w.random.IntN(len(recent))]
}

// probe signs somebody in again and again, whether or not the earlier ones are answered.
func (w *worker) probe() {
	for len(w.people) == 0 && !w.over() {
		w.register()
	}
	for !w.over() {
		w.working.Go(func() { w.signIn(w.people[0]) })
		time.Sleep(probe)
	}
}

func (w *worker) register() {
	p := &person{email: fmt.Sprintf("w%dn%d@example.com", w.id, len(w.all)), password: "analytical engine 1843"}
	w.all = append(w.all, p)
	a := w.call(w.url(), "POST", "/api/v1/clients/register", "", map[string]any{"application": product, "client": map[string]any{
		"email": p.email, "password": p.password, "first_name": "Ada", "last_name": "Lovelace",
	}})
	p.mailed(a, "welcome")
	p.signedIn(a, a.Session.Token)
	if a.done() {
		p.registered = true
		w.people = append(w.people, p)
		w.acknowledge(a.began, a.ended)
	}
}

func (w *worker) signIn(p *person) {
	p.mu.Lock()
	password := p.password
	p.mu.Unlock()
	a := w.call(w.url(), "POST", "/api/v1/sessions/create", "", map[string]any{"email": p.email, "password": password, "application": product},
		"email-not-found", "user-requires-role", "user-has-no-password", "invalid-password")
	p.signedIn(a, a.Data.Token)
	switch a.Status {
	case "action-successful":
		w.acknowledge(a.began, a.ended)
	case "email-not-found", "user-requires-role", "user-has-no-password", "invalid-password", "client-required":
		w.lost("a sign-in answers %s, of somebody who was registered", a.Status)
	}
}

// checkSession is a check by the product, of a session that lives or one that was ended.
func (w *worker) checkSession(p *person) {
	s := p.sessionOf(w.random, sessionLive, sessionEnded)
	if s == nil {
		return
	}
	a := w.call(w.checkURL(), "POST", "/api/v1/sessions/read", w.product, map[string]any{"session_token": s.token}, "invalid-token", "session-expired")
	refused := a.Status == "invalid-token" || a.Status == "session-expired"
	switch {
	case s.state == sessionLive && refused:
		w.lost("sessions/read answers %s for a session that was not ended", a.Status)
	case s.state == sessionEnded && a.done() && a.began.Sub(s.endedAt) > promised:
		w.lost("sessions/read accepts a session %.0f s after it was ended", a.began.Sub(s.endedAt).Seconds())
	}
}

func (w *worker) signOut(p *person) {
	s := p.sessionOf(w.random, sessionLive)
	if s == nil {
		return
	}
	a := w.call(w.url(), "POST", "/api/v1/sessions/delete", s.token, map[string]any{}, "invalid-token", "session-expired")
	switch {
	case a.done():
		s.end(a.ended)
		w.acknowledge(a.began, a.ended)
	case a.Status == "invalid-token" || a.Status == "session-expired":
		w.lost("sessions/delete answers %s for a session that was not ended", a.Status)
		s.state = sessionUnsure
	default:
		s.state = sessionUnsure
	}
}

func (w *worker) changePassword(p *person) {
	s := p.sessionOf(w.random, sessionLive)
	if s == nil {
		return
	}
	next := fmt.Sprintf("nanoseconds on a wire %d", w.random.IntN(1e9))
	p.linked = false
	a := w.call(w.url(), "PUT", "/api/v1/users/password_update", s.token, map[string]any{"current_password": p.password, "password": next},
		"invalid-token", "session-expired", "invalid-password")
	switch {
	case a.done():
		p.password = next
		for _, other := range p.sessions {
			if other != s {
				other.end(a.ended)
			}
		}
		w.acknowledge(a.began, a.ended)
		return
	case a.Status == "invalid-token" || a.Status == "session-expired" || a.Status == "invalid-password":
		w.lost("users/password_update answers %s", a.Status)
	}
	// Either password may be the right one, and sessions may have ended: nothing more is asked.
	p.other = next
	for _, one := range p.sessions {
		one.unsettle()
	}
	w.forget(p)
}

func (w *worker) forget(p *person) {
	for i := range w.people {
		if w.people[i] == p {
			w.people = append(w.people[:i:i], w.people[i+1:]...)
			return
		}
	}
}

func (w *worker) requestLink(p *person) {
	path, kind := "/api/v1/sessions/magic_link_request", "magic_link"
	if w.random.IntN(2) == 0 {
		path, kind = "/api/v1/users/password_reset_request", "password_reset"
	}
	a := w.call(w.url(), "POST", path, "", map[string]any{"email": p.email, "application": product}, "email-not-found")
	p.mailed(a, kind)
	switch {
	case a.done():
		w.acknowledge(a.began, a.ended)
	case a.Status == "email-not-found":
		w.lost("%s answers email-not-found, of somebody who was registered", path)
	}
}
