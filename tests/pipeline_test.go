package tests

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/impl"
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
	if strings.Contains(o.id, "Google") {
		opts = append(opts, withGoogle(realGoogle(t)))
	}
	if o.id == "sessionsHandOver" {
		opts = append(opts, withSQL(orderSQL))
	}
	return start(t, opts...)
}

// prepare inserts Ada, the user of the spec's examples, as a client unless the example makes her one.
func prepare(e *env, o *specOperation) *valid {
	ada := "ada@example.com"
	if o.id != "clientsRegister" {
		e.user(person{email: ada, password: "analytical engine 1843", client: o.id != "usersClientRegister"})
	}
	v := &valid{specOperation: o, params: o.example(e.t), refused: e.signIn(e.user(person{}))}
	access, _ := o.op.Extensions["x-access"].(string)
	switch {
	case access != "":
		v.token = e.employee(access)
	case o.op.Extensions["x-roles"] != nil:
		v.token = e.session(e.user(person{employee: true}), "planoauth")
	case o.extension("x-application", "slug") == "planoauth" && o.extension("x-application", "for") == nil:
		v.token = e.session(ada, "planoauth")
	case o.extension("x-token", "required") == true:
		v.token = e.signIn(ada)
	}
	switch o.op.Tags[0] {
	case "companies":
		e.exec("INSERT INTO companies (name) VALUES ('Remington Rand')")
	case "employees":
		e.user(person{employee: true}) // the caller's record has the id 1
	case "liaisons":
		e.user(person{liaison: true})
	}
	switch o.id {
	case "applicationsTokenDelete":
		e.exec("INSERT INTO application_tokens (application_id, token_digest, created_at) SELECT id, '', now() FROM applications WHERE slug = 'planoorder'")
	case "notificationsUpdate":
		e.notification(note{kind: "mandrill-email-failed", message: "Mail 12 (welcome) could not be sent"}) // the first one has the id 1
	case "sessionsMagicLinkCreate":
		v.params["magic_token"] = e.link("magic", ada, "", 0)
	case "usersPasswordReset":
		v.params["reset_token"] = e.link("reset", ada, "", 0)
	case "sessionsGoogleCreate":
		googleExample(e, v.params)
	case "usersGoogleLink":
		linkExample(e, v.params)
	case "usersEmailChange":
		v.params["email_token"] = e.emailLink("email_change", ada, "ada.king@example.com", true, 0)
	case "usersEmailChangeUndo":
		v.params["undo_token"] = e.emailLink("email_change_undo", ada, "ada.old@example.com", false, 0)
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
	{slug: "origin-not-allowed", code: 403, when: "an opaque origin calls, with a content type that is another", send: func(v *valid, e *env) answer {
		return e.send(v.method, v.path, nil, "Content-Type", "application/xml", "Origin", "null")
	}},
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
	{slug: "permission-denied", code: 403, when: "an employee has a session of a product", send: func(v *valid, e *env) answer {
		v.token = e.signIn(e.user(person{client: true, access: "admin"}))
		if registered, ok := v.params["client"].(map[string]any); ok && v.sensitive() {
			v.params["client"] = maps.Clone(registered)
			v.params["client"].(map[string]any)["password"] = "nanoseconds on a wire"
		}
		return v.send(e)
	}},
	{slug: "origin-not-allowed", code: 403, when: "a page of another origin calls", send: func(v *valid, e *env) answer {
		return v.send(e, "Origin", "https://evil.example")
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
		e.exec("ALTER TABLE tries RENAME TO tries_away")                 // the only one that passwords/judge reads without a token
		if v.token != "" {
			e.exec("UPDATE sessions SET created_at = created_at - interval '1 second'") // drops it from the session cache
			e.within(busyLimit, "the session is read anew", func() bool { return e.readAs("", v.token) == "application-crash" })
		}
		return v.send(e)
	}, undo: []string{"ALTER TABLE users_away RENAME TO users", "ALTER TABLE google_states_away RENAME TO google_states", "ALTER TABLE tries_away RENAME TO tries"}},
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
	foreign := []string{"Content-Type", "application/json", "Origin", "https://evil.example"}
	if a := e.send("POST", path, b64(tooLarge), foreign...); a.status() != "origin-not-allowed" {
		t.Errorf("want origin-not-allowed, have %s", a.text)
	}
	soon(&valid{specOperation: specOperations()[1], params: map[string]any{}}, e, "route-not-found", "UPDATE routes SET deployed_at = NULL")
	if a := e.send("POST", path, b64(tooLarge), foreign...); a.status() != "route-not-found" {
		t.Errorf("want route-not-found, have %s", a.text)
	}
	e.within(busyLimit, "service-not-found", func() bool {
		e.exec("UPDATE services SET deployed_at = NULL")
		return e.send("POST", path, nil).status() == "service-not-found"
	})
}
