package tests

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
)

// valid is a request of an operation that mode all common steps: the example of the spec, and a token where
// one is needed.
type valid struct {
	*specOperation
	params  map[string]any
	token   string
	refused string // the token of a user without records
}

func (o *specOperation) sensitive() bool { s, _ := o.op.Extensions["x-sensitive"].(bool); return s }

func (o *specOperation) extension(name, field string) any {
	extension, _ := o.op.Extensions[name].(map[string]any)
	return extension[field]
}

func (o *specOperation) contentType() string {
	if o.sensitive() {
		return "text/plain"
	}
	return "application/json"
}

// example returns the decoded first example of the operation's body.
func (o *specOperation) example(t testing.TB) map[string]any {
	t.Helper()
	for _, example := range o.op.RequestBody.Value.Content[o.contentType()].Examples {
		text, err := json.Marshal(example.Value.Value)
		if encoded, ok := example.Value.Value.(string); ok {
			text, err = base64.StdEncoding.DecodeString(encoded)
		}
		check(t, err)
		var params map[string]any
		check(t, json.Unmarshal(text, &params))
		return params
	}
	t.Fatalf("%s has no example", o.id)
	return nil
}

// encode encodes params as the operation expects them.
func (o *specOperation) encode(t testing.TB, params any) []byte {
	text, err := json.Marshal(params)
	check(t, err)
	if o.sensitive() {
		return b64(string(text))
	}
	return text
}

// startFor starts an environment in which every step of an operation can refuse.
func startFor(t testing.TB, o *specOperation, opts ...func(*options)) *env {
	t.Helper()
	opts = append(opts, withSettings(func(s *impl.Settings) { s.ThrottleAddress = 10_000 }))
	if strings.HasPrefix(o.id, "sessionsGoogle") {
		opts = append(opts, withGoogle(realGoogle(t)))
	}
	return start(t, opts...)
}

// prepare inserts Ada, the user of the spec's examples, as a client unless the example makes her one.
func prepare(e *env, o *specOperation) *valid {
	ada := e.user(person{email: "ada@example.com", password: "analytical engine 1843", client: o.id != "usersClientRegister"})
	v := &valid{specOperation: o, params: o.example(e.t), refused: e.signIn(e.user(person{}))}
	switch {
	case o.op.Extensions["x-roles"] != nil:
		v.token = e.session(e.user(person{employee: true}), "planoauth")
	case o.extension("x-token", "required") == true:
		v.token = e.signIn(ada)
	}
	switch o.id {
	case "notificationsUpdate":
		e.notification(note{kind: "mandrill-email-failed", message: "Mail 12 (welcome) could not be sent"}) // the first one has the id 1
	case "sessionsMagicLinkCreate":
		v.params["magic_token"] = e.link("magic", ada, "", 0)
	case "usersPasswordReset":
		v.params["reset_token"] = e.link("reset", ada, "", 0)
	case "sessionsGoogleCreate":
		googleExample(e, v.params)
	case "usersEmailVerify":
		v.params["verification_token"] = e.link("verification", ada, "", 0)
	}
	return v
}

func (v *valid) send(e *env, headers ...string) answer {
	return e.send(v.method, v.path, v.encode(e.t, v.params), append(append([]string{"Content-Type", v.contentType()}, bearer(v.token)...), headers...)...)
}

// TestExamples sends the example of each operation as it stands in the spec.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			if a := prepare(e, o).send(e); a.status() != "action-successful" {
				t.Errorf("the example of the spec answers %s", a.text)
			}
		})
	}
}

// commonStep makes an operation answer a slug of the common steps, for a real cause.
type commonStep struct {
	slug string
	code int
	when string
	send func(v *valid, e *env) answer
	undo []string // by SQL, so that the next rows find the database as it was
}

func (v *valid) sendRaw(e *env, contentType, body string) answer {
	return e.send(v.method, v.path, []byte(body), append([]string{"Content-Type", contentType}, bearer(v.token)...)...)
}

// commonSteps share one environment for each operation, so their order matters: rows that move the clock are
// last.
var commonSteps = []commonStep{
	{slug: "route-non-existent", code: 500, when: "the method is another", send: func(v *valid, e *env) answer { return e.send("GET", v.path, nil) }},
	{slug: "invalid-content-type", code: 400, when: "the content type is another", send: func(v *valid, e *env) answer { return v.sendRaw(e, "application/xml", "") }},
	{slug: "request-too-large", code: 413, when: "the body has 64 KiB and a byte", send: func(v *valid, e *env) answer {
		return v.sendRaw(e, v.contentType(), strings.Repeat(" ", 64<<10+1))
	}},
	{slug: "no-params-decoded", code: 400, when: "the body is empty", send: func(v *valid, e *env) answer { return v.sendRaw(e, v.contentType(), "") }},
	{slug: "no-params-decoded", code: 400, when: "the body is white space", send: func(v *valid, e *env) answer { return v.sendRaw(e, v.contentType(), " \r\n\t") }},
	{slug: "invalid-encoded-params", code: 400, when: "the body breaks off", send: func(v *valid, e *env) answer { return v.sendRaw(e, v.contentType(), "{") }},
	{slug: "invalid-token", code: 401, when: "the token is nonsense", send: func(v *valid, e *env) answer {
		v.token = "nonsense"
		return v.send(e)
	}},
	{slug: "client-required", code: 401, when: "the user has no record", send: func(v *valid, e *env) answer {
		v.token = v.refused
		return v.send(e)
	}},
	{slug: "missing-param", code: 400, when: "nothing that is required is there", send: func(v *valid, e *env) answer {
		v.params, v.token = map[string]any{"unknown": 1}, ""
		return v.send(e)
	}},
	{slug: "invalid-param", code: 400, when: "there is an unknown param", send: func(v *valid, e *env) answer {
		v.params["unknown"] = 1
		return v.send(e)
	}},
	{slug: "permission-denied", code: 403, when: "the user has another role", send: func(v *valid, e *env) answer {
		v.token = e.signIn(e.user(person{client: true}))
		return v.send(e)
	}},
	{slug: "service-not-found", code: 500, when: "the service is not deployed", send: func(v *valid, e *env) answer {
		return soon(v, e, "service-not-found", "UPDATE services SET deployed_at = NULL WHERE slug = $1", v.op.Tags[0])
	}, undo: []string{"UPDATE services SET deployed_at = now()"}},
	{slug: "route-not-found", code: 500, when: "the route is not deployed", send: func(v *valid, e *env) answer {
		return soon(v, e, "route-not-found", "UPDATE routes SET deployed_at = NULL WHERE path = $1", v.path)
	}, undo: []string{"UPDATE routes SET deployed_at = now()"}},
	{slug: "route-not-found", code: 500, when: "the route was deleted", send: func(v *valid, e *env) answer {
		e.exec("CREATE TABLE routes_before AS TABLE routes")
		return soon(v, e, "route-not-found", "DELETE FROM routes WHERE path = $1", v.path)
	}, undo: []string{"INSERT INTO routes TABLE routes_before ON CONFLICT DO NOTHING"}},
	{slug: "service-not-found", code: 500, when: "the service was deleted", send: func(v *valid, e *env) answer {
		e.exec("CREATE TABLE services_before AS TABLE services")
		return soon(v, e, "service-not-found", "DELETE FROM services WHERE slug = $1", v.op.Tags[0])
	}, undo: []string{
		"INSERT INTO services TABLE services_before ON CONFLICT DO NOTHING",
		"INSERT INTO routes TABLE routes_before ON CONFLICT DO NOTHING", // which were deleted with their service
	}},
	{slug: "application-crash", code: 500, when: "a table is away", send: func(v *valid, e *env) answer {
		e.exec("ALTER TABLE users RENAME TO users_away")
		e.exec("ALTER TABLE google_states RENAME TO google_states_away") // the only table that sessions/google_authorize reads
		if v.token != "" {
			e.exec("UPDATE sessions SET created_at = created_at - interval '1 second'") // drops it from the session cache
			e.within(busyLimit, "the session is read anew", func() bool { return e.readAs("", v.token) == "application-crash" })
		}
		return v.send(e)
	}, undo: []string{"ALTER TABLE users_away RENAME TO users", "ALTER TABLE google_states_away RENAME TO google_states"}},
	{slug: "session-expired", code: 401, when: "the session is seven days old", send: func(v *valid, e *env) answer {
		v.token = e.signIn(e.user(person{client: true}))
		e.clock.move(7 * 24 * time.Hour)
		return v.send(e)
	}},
	{slug: "identify-request-error", code: 500, when: "the registry cannot be read and its copy is old", send: func(v *valid, e *env) answer {
		e.exec("ALTER TABLE routes RENAME TO routes_away")
		e.clock.move(61 * time.Second)
		return soon(v, e, "identify-request-error", "SELECT 1") // a read may be in flight
	}, undo: []string{"ALTER TABLE routes_away RENAME TO routes"}},
	{slug: "rate-limit-exceeded", code: 429, when: "other replicas have seen too many requests of the address", send: func(v *valid, e *env) answer {
		return soon(v, e, "rate-limit-exceeded", `INSERT INTO address_requests (minute, address, requests)
			SELECT date_trunc('minute', $1::timestamptz) + n * interval '1 minute', '127.0.0.1', 100000 FROM generate_series(0, 2) n
			ON CONFLICT (minute, address) DO UPDATE SET requests = excluded.requests`, e.clock.now())
	}},
}

// concerns reports whether an operation has the step.
func (c *commonStep) concerns(o *specOperation) bool {
	_, listed := o.slugs[c.slug]
	return listed && !(c.slug == "client-required" && o.op.Extensions["x-open-to-recordless"] == true)
}

// TestCommonSteps makes every operation of the spec answer every slug of the common steps.
func TestCommonSteps(t *testing.T) {
	t.Parallel()
	for _, o := range specOperations() {
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			prepared := prepare(e, o)
			for _, row := range commonSteps {
				if !row.concerns(o) {
					continue
				}
				t.Run(row.slug+" when "+row.when, func(t *testing.T) {
					v := *prepared
					v.params = maps.Clone(v.params)
					a := row.send(&v, e)
					if a.status() != row.slug || a.code != row.code {
						t.Fatalf("the answer is %d %s", a.code, a.text)
					}
					if row.slug == "application-crash" {
						checkCrash(e, o, a)
					}
				})
				if row.undo != nil {
					e.undo(prepared, row.undo)
				}
			}
		})
	}
}

// undo runs statements, and waits until the operation is deployed again.
func (e *env) undo(v *valid, statements []string) {
	e.t.Helper()
	for _, statement := range statements {
		e.exec(statement)
	}
	e.within(busyLimit, "the operation is deployed again", func() bool { return v.sendRaw(e, "application/xml", "").status() == "invalid-content-type" })
}

// busyLimit bounds waits that are short on a machine which is not busy. It only has to end a test that hangs.
const busyLimit = time.Minute

// TestChangesCountWithinASecond runs alone: what an operator changes by SQL counts within a second on every
// replica, by the notifications of the triggers, and where those are lost, by polling. The best of three
// counts, since the machine may be busy.
func TestChangesCountWithinASecond(t *testing.T) {
	for _, how := range []string{"by notification", "by polling"} {
		t.Run(how, func(t *testing.T) {
			e := start(t)
			other := *e
			other.url = e.replica(cheapSettings, &mailer.Mailbox{})
			if how == "by polling" {
				e.exec("ALTER TABLE routes DISABLE TRIGGER USER")
			}
			read := func(e *env) string {
				return e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json").status()
			}
			best := map[string]time.Duration{}
			for range 3 {
				for _, change := range []struct{ to, want string }{{"NULL", "route-not-found"}, {"now()", "missing-param"}} {
					e.exec("UPDATE routes SET deployed_at = " + change.to)
					changed := time.Now()
					e.within(busyLimit, change.want, func() bool { return read(e) == change.want && read(&other) == change.want })
					if took := time.Since(changed); best[change.want] == 0 || took < best[change.want] {
						best[change.want] = took
					}
				}
			}
			for want, took := range best {
				if took > time.Second {
					t.Errorf("%s comes %v after the change", want, took)
				}
			}
		})
	}
}

// soon runs a statement that makes one of the first steps refuse, waits until it does, and sends the request.
func soon(v *valid, e *env, slug, statement string, args ...any) answer {
	e.exec(statement, args...)
	e.within(busyLimit, slug, func() bool { return v.sendRaw(e, "application/xml", "").status() == slug })
	return v.send(e)
}

// checkCrash checks that the cause is in the log and in a notification, and not in the answer.
func checkCrash(e *env, o *specOperation, a answer) {
	id := a.header.Get("X-Request-Id")
	if strings.Contains(a.text, "users") || strings.Contains(a.text, "SQLSTATE") {
		e.t.Errorf("the answer holds the cause: %s", a.text)
	}
	if !strings.Contains(e.logs.String(), id) || !strings.Contains(e.logs.String(), "SQLSTATE") {
		e.t.Error("the log does not have the cause under the request id")
	}
	if e.count("notifications WHERE kind = 'application-crash' AND request_id = $1 AND operation = $2", id, o.id) != 1 {
		e.t.Error("there is not one notification of the crash")
	}
}

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

// panicking is a mailer that panics.
type panicking struct{}

func (panicking) Send(context.Context, *db.Mail) error { panic("nobody foresaw hunter2") }

// TestPanic: cause and stack are in the log under the request id, the operators are notified, and the server
// goes on.
func TestPanic(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *options) { o.mailer = panicking{} })
	a := e.send("POST", "/api/v1/clients/register", b64(`{"application":"planoorder","client":{"email":"a@example.com",
		"password":"nanoseconds on a wire","first_name":"Grace","last_name":"Hopper"}}`), "Content-Type", "text/plain")
	id := a.header.Get("X-Request-Id")
	if a.status() != "application-crash" || strings.Contains(a.text, "foresaw hunter2") {
		t.Errorf("the answer is %s", a.text)
	}
	log := e.logs.String()
	if !strings.Contains(log, id) || !strings.Contains(log, "nobody foresaw hunter2") || !strings.Contains(log, "panicking.Send") {
		t.Errorf("the log has no cause or no stack: %s", log)
	}
	if e.count("notifications WHERE kind = 'application-crash' AND operation = 'clientsRegister' AND request_id = $1", id) != 1 {
		t.Error("there is not one notification")
	}
	e.signIn(e.user(person{client: true}))
}

func TestRouteNonExistent(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, path := range []string{
		"/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/sessions/create/", "/api/v1/Sessions/create", "/api/v1//sessions/create",
		"/api/v1/sessions/%63reate", "/api/v1/sessions/create%00",
	} {
		if a := e.send("POST", path, b64("{}"), "Content-Type", "text/plain"); a.status() != "route-non-existent" || a.code != 500 {
			t.Errorf("%s answers %d %s", path, a.code, a.text)
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "post", "BREW"} {
		if a := e.send(method, "/api/v1/sessions/create", nil); a.status() != "route-non-existent" {
			t.Errorf("%s answers %d %s", method, a.code, a.text)
		}
	}
	for _, path := range []string{"/nothing", "/api", "/api/v2/sessions/create", "/statuses/", "/statuses/nothing", "/dev/mail", "/magic/", "/google"} {
		if a := e.send("GET", path, nil); a.code != 404 || a.body != nil {
			t.Errorf("%s answers %d %s", path, a.code, a.text)
		}
	}
}

// TestOrderOfSteps breaks more and more of a request: the first step that refuses decides the slug.
func TestOrderOfSteps(t *testing.T) {
	t.Parallel()
	e := start(t)
	const path = "/api/v1/sessions/create"
	tooLarge := strings.Repeat("!", 64<<10+1)
	rows := []struct {
		want, contentType, token, body string
	}{
		{"email-not-found", "text/plain", "", `{"email":"a@example.com","password":"x","application":"planoorder"}`},
		{"invalid-param", "text/plain", "", `{"email":"a@example.com","password":"x","application":"nowhere"}`},
		{"invalid-param", "text/plain", "", `{"email":"a","password":"x","application":"nowhere"}`},
		{"missing-param", "text/plain", "", `{"email":"a","application":"nowhere"}`},
		{"invalid-token", "text/plain", "x", `{"email":"a","application":"nowhere"}`},
		{"invalid-encoded-params", "text/plain", "x", `{"email":"a",`},
		{"no-params-decoded", "text/plain", "x", ``},
		{"request-too-large", "text/plain", "x", tooLarge},
		{"invalid-content-type", "application/json", "x", tooLarge},
	}
	for _, row := range rows {
		a := e.send("POST", path, b64(row.body), append([]string{"Content-Type", row.contentType}, bearer(row.token)...)...)
		if a.status() != row.want {
			t.Errorf("want %s, have %s", row.want, a.text)
		}
	}
	soon(&valid{specOperation: specOperations()[1], params: map[string]any{}}, e, "route-not-found", "UPDATE routes SET deployed_at = NULL")
	if a := e.send("POST", path, b64(tooLarge), "Content-Type", "application/json"); a.status() != "route-not-found" {
		t.Errorf("want route-not-found, have %s", a.text)
	}
	e.within(busyLimit, "service-not-found", func() bool {
		e.exec("UPDATE services SET deployed_at = NULL")
		return e.send("POST", path, nil).status() == "service-not-found"
	})
}

// TestRegistryCopy: while the tables are missing, every replica serves from its copy for a minute and no
// longer.
func TestRegistryCopy(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.url = e.replica(cheapSettings, &mailer.Mailbox{})
	read := func(e *env) string {
		return e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json").status()
	}
	e.exec("ALTER TABLE services RENAME TO services_away")
	for _, moved := range []time.Duration{0, 59 * time.Second} {
		e.clock.move(moved)
		if got := read(e); got != "missing-param" {
			t.Errorf("after %v: %s", moved, got)
		}
	}
	e.clock.move(2 * time.Second)
	if got := read(e); got != "identify-request-error" {
		t.Errorf("after 61 s: %s", got)
	}
	e.exec("ALTER TABLE services_away RENAME TO services")
	e.within(busyLimit, "both replicas recover", func() bool { return read(e) == "missing-param" && read(&other) == "missing-param" })
	e.exec("UPDATE routes SET deployed_at = NULL WHERE path = '/api/v1/sessions/read'")
	e.within(busyLimit, "both replicas know of the change", func() bool { return read(e) == "route-not-found" && read(&other) == "route-not-found" })
	e.exec("UPDATE routes SET deployed_at = now() WHERE path = '/api/v1/sessions/read'")
	e.within(busyLimit, "and of its end", func() bool { return read(e) == "missing-param" && read(&other) == "missing-param" })
}

func TestTokenOfHeaderAndParam(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	read := func(body string, headers ...string) answer {
		return e.send("POST", "/api/v1/sessions/read", []byte(body), append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	quoted := `{"token":"` + token + `"}`
	last := token[len(token)-1:]
	mistyped := token[:len(token)-1] + map[bool]string{true: "b", false: "a"}[last == "a"]
	rows := []struct {
		name, want, body string
		headers          []string
	}{
		{"header", "action-successful", "{}", bearer(token)},
		{"scheme in lower case", "action-successful", "{}", []string{"Authorization", "bearer " + token}},
		{"param", "action-successful", quoted, nil},
		{"header wins over a bad param", "action-successful", `{"token":"nonsense"}`, bearer(token)},
		{"bad header wins over a good param", "invalid-token", quoted, bearer("nonsense")},
		{"null param is absent", "missing-param", `{"token":null}`, nil},
		{"number", "invalid-token", `{"token":7}`, nil},
		{"object", "invalid-token", `{"token":{}}`, nil},
		{"empty param", "invalid-token", `{"token":""}`, nil},
		{"too long a param", "invalid-token", `{"token":"` + strings.Repeat("a", 201) + `"}`, nil},
		{"number beside a header", "invalid-param", `{"token":7}`, bearer(token)},
		{"another scheme", "invalid-token", "{}", []string{"Authorization", "Basic " + token}},
		{"no token in the header", "invalid-token", "{}", []string{"Authorization", "Bearer"}},
		{"bare token", "invalid-token", "{}", []string{"Authorization", token}},
		{"two headers", "invalid-token", "{}", append(bearer(token), bearer(token)...)},
		{"mistyped", "invalid-token", "{}", bearer(mistyped)},
		{"upper case", "invalid-token", "{}", bearer(strings.ToUpper(token))},
		{"another kind", "invalid-token", "{}", bearer("plaa_" + token[5:])},
		{"cut off", "invalid-token", "{}", bearer(token[:40])},
	}
	for _, row := range rows {
		e.counted.take()
		a := read(row.body, row.headers...)
		if a.status() != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, a.text)
		}
		if asked := e.counted.take(); row.want != "action-successful" && row.want != "invalid-param" && len(asked) > 0 {
			t.Errorf("%s: the database was asked %v", row.name, asked)
		}
		if strings.Contains(e.logs.String(), token[5:20]) {
			t.Fatalf("%s: the log has the token", row.name)
		}
	}
	if e.count("sessions WHERE position($1::bytea IN token_digest) > 0", []byte(token[5:20])) > 0 {
		t.Error("the token itself is stored")
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET redirect_origins = '{https://Order.Example:443/}' WHERE slug = 'planoorder'"))
	preflight := func(origin string) answer {
		return e.send("OPTIONS", "/api/v1/sessions/create", nil, "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
	}
	for _, origin := range []string{"https://order.example", "https://auth.example"} {
		a := preflight(origin)
		if a.code != 204 || a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "" ||
			a.header.Get("Access-Control-Allow-Methods") != "POST,PUT" || a.header.Get("Access-Control-Allow-Headers") != "Authorization,Content-Type" {
			t.Errorf("%s: %d %v", origin, a.code, a.header)
		}
	}
	for _, origin := range []string{"https://evil.example", "https://order.example.evil.example", "http://order.example", "null"} {
		if a := preflight(origin); a.code != 204 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", origin, a.code, a.header)
		}
	}
	a := e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json", "Origin", "https://order.example")
	if a.header.Get("Access-Control-Allow-Origin") != "https://order.example" || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "X-Request-Id") {
		t.Errorf("the answer has %v", a.header)
	}
	e.exec("UPDATE applications SET redirect_origins = '{https://new.example}' WHERE slug = 'planox2'")
	e.within(busyLimit, "a new origin counts", func() bool { return preflight("https://new.example").header.Get("Access-Control-Allow-Origin") != "" })
}

// TestHealth tests the health checks and the pages without an envelope.
func TestHealth(t *testing.T) {
	t.Parallel()
	e := start(t)
	for path, want := range map[string]string{"/": "text/html; charset=UTF-8", "/openapi.yaml": "application/yaml", "/openapi.json": "application/json", "/docs": "text/html"} {
		if a := e.send("GET", path, nil); a.code != 200 || !strings.HasPrefix(strings.ToLower(a.header.Get("Content-Type")), strings.ToLower(want)) {
			t.Errorf("%s: %d %v", path, a.code, a.header)
		}
	}
	text, err := http.Get(e.url + "/openapi.yaml")
	check(t, err)
	defer text.Body.Close()
	var served bytes.Buffer
	_, err = served.ReadFrom(text.Body)
	check(t, err)
	if !bytes.Equal(served.Bytes(), readFile(t, "../openapi.yaml")) {
		t.Error("/openapi.yaml is not openapi.yaml")
	}
	if a := e.send("GET", "/health/ready", nil); a.code != 200 {
		t.Errorf("ready: %d", a.code)
	}
	e.exec("ALTER TABLE services RENAME TO services_away")
	if a := e.send("GET", "/health/ready", nil); a.code != 503 {
		t.Errorf("ready without a registry: %d", a.code)
	}
	if a := e.send("GET", "/health/live", nil); a.code != 200 {
		t.Errorf("live: %d", a.code)
	}
}

// TestStatementBudgets counts the statements of operations, without BEGIN and COMMIT and without those of a
// registration's mail.
func TestStatementBudgets(t *testing.T) {
	t.Parallel()
	e := start(t)
	email, address := e.user(person{client: true}), 0
	presented, application := e.signIn(email), e.applicationToken("planoorder")
	post := func(path, contentType, token string, body []byte) string {
		return e.send("POST", "/api/v1/"+path, body, append(bearer(token), "Content-Type", contentType)...).status()
	}
	read := func(token, body string) func() string {
		return func() string { return post("sessions/read", "application/json", token, []byte(body)) }
	}
	create := func(token string, body []byte) func() string {
		return func() string { return post("sessions/create", "text/plain", token, body) }
	}
	signIn := fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder"}`, email, goodPassword)
	register := func() string {
		address++
		params, err := json.Marshal(registration(fmt.Sprintf("new%d@example.com", address)))
		check(t, err)
		return post("clients/register", "text/plain", "", b64(string(params)))
	}
	rows := []struct {
		name        string
		call        func() string
		want        string
		least, most int
	}{
		{"a session check, the first", read(presented, "{}"), "action-successful", 1, 1},
		{"a session check, the second", read(presented, "{}"), "action-successful", 0, 0},
		{"a session check by an application", read(application, `{"session_token":"`+presented+`"}`), "action-successful", 0, 0},
		{"a sign-in", create("", b64(signIn)), "action-successful", 1, 2},
		{"a sign-in that replaces a session", create(presented, b64(signIn)), "action-successful", 1, 3},
		{"a registration", register, "action-successful", 1, 6},
		{"a replaced session", read(presented, "{}"), "invalid-token", 1, 1},
		{"no base64", create("", []byte(signIn)), "invalid-encoded-params", 0, 0},
		{"a missing param", create("", b64(`{"email":"x@example.com"}`)), "missing-param", 0, 0},
		{"a mistyped token", read(presented[:40]+strings.Repeat("a", 21), "{}"), "invalid-token", 0, 0},
	}
	e.awaitListener()
	for _, row := range rows {
		e.counted.take()
		if got := row.call(); got != row.want {
			t.Errorf("%s is answered %s, not %s", row.name, got, row.want)
		}
		asked := slices.DeleteFunc(e.counted.take(), func(text string) bool { return ofMail.MatchString(text) })
		if len(asked) < row.least || len(asked) > row.most {
			t.Errorf("%s takes %d statements, not %d to %d: %s", row.name, len(asked), row.least, row.most, strings.Join(asked, "\n  "))
		}
	}
}

// ofMail matches the statements that insert, queue and finish a mail.
var ofMail = regexp.MustCompile(`\b(mails|river_job)\b`)

// TestOneLogLine: each request is logged once, whatever its outcome, with its request id.
func TestOneLogLine(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	answers := []answer{
		e.send("POST", "/api/v1/sessions/read", []byte("{}"), append(bearer(token), "Content-Type", "application/json")...),
		e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "text/csv"),
		e.send("POST", "/api/v1/nothing", nil),
	}
	for _, a := range answers {
		e.within(busyLimit, "it is logged", func() bool { return strings.Contains(e.logs.String(), a.header.Get("X-Request-Id")) })
		lines := 0
		for line := range strings.SplitSeq(e.logs.String(), "\n") {
			var logged struct {
				Msg, Status string
				ID          string `json:"request_id"`
				Code        int
			}
			if json.Unmarshal([]byte(line), &logged) == nil && logged.Msg == "request" && logged.ID == a.header.Get("X-Request-Id") {
				lines++
				if logged.Status != a.status() || logged.Code != a.code {
					t.Errorf("the line says %s", line)
				}
			}
		}
		if lines != 1 {
			t.Errorf("%s was logged %d times", a.status(), lines)
		}
	}
}
