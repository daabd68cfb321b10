package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
)

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
			a.header.Get("Access-Control-Allow-Methods") != "POST,PUT" || a.header.Get("Access-Control-Allow-Headers") != "Authorization,Content-Type,Idempotency-Key,traceparent,tracestate,baggage,sentry-trace" {
			t.Errorf("%s: %d %v", origin, a.code, a.header)
		}
	}
	for _, origin := range []string{"https://evil.example", "https://order.example.evil.example", "http://order.example", "null"} {
		if a := preflight(origin); a.code != 204 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", origin, a.code, a.header)
		}
	}
	a := e.send("POST", "/api/v1/sessions/read", []byte("{}"), "Content-Type", "application/json", "Origin", "https://order.example")
	const exposed = "X-Request-Id,Retry-After,Link,Deprecation,Sunset,Idempotency-Replayed,RateLimit,RateLimit-Policy"
	if a.header.Get("Access-Control-Allow-Origin") != "https://order.example" || a.header.Get("Access-Control-Expose-Headers") != exposed {
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

// TestHEAD: wherever GET is answered, HEAD is answered the same, without a body.
func TestHEAD(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), func(o *options) { o.mailer = &mailer.Mailbox{} })
	magic := e.link("magic", e.user(person{client: true}), "", 0)
	for _, path := range []string{
		"/", "/openapi.yaml", "/openapi.json", "/docs", "/docs/", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css",
		"/statuses", "/statuses/invalid-token", "/magic?token=" + magic, "/magic", "/reset", "/verify", "/email",
		"/health/live", "/health/ready", "/google/callback", "/dev/mail", "/dev/mail.json", "/dev/mail/1", "/nothing", "/api/v2",
	} {
		got, head := e.send("GET", path, nil), e.send("HEAD", path, nil)
		if head.code != got.code || head.text != "" {
			t.Errorf("%s: GET answers %d, HEAD %d %q", path, got.code, head.code, head.text)
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control", "Content-Security-Policy", "Referrer-Policy", "Location", "Vary"} {
			if have, want := head.header.Get(name), got.header.Get(name); have != want && want != "" {
				t.Errorf("%s: %s of GET is %q, of HEAD %q", path, name, want, have)
			}
		}
	}
	if a := e.send("HEAD", "/api/v1/sessions/create", nil); a.code != 500 {
		t.Errorf("HEAD of an operation answers %d", a.code)
	}
	e.exec("ALTER TABLE services RENAME TO services_away")
	if a := e.send("HEAD", "/health/ready", nil); a.code != 503 {
		t.Errorf("HEAD of what is not ready answers %d", a.code)
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

// TestLogLinesNameTheirSubject: the log line of a request names its user, session and application by id, as far
// as they are known, also of a request that fails; so do the lines about what failed. No line contains a token
// or an e-mail address.
func TestLogLinesNameTheirSubject(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	presented, other := e.signIn(email), e.signIn(email)
	application := e.applicationToken("planoorder")
	var user, session, otherSession, app int64
	check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM users WHERE email = $1", email).Scan(&user))
	check(t, e.pool.QueryRow(t.Context(), "SELECT min(id), max(id) FROM sessions").Scan(&session, &otherSession))
	check(t, e.pool.QueryRow(t.Context(), "SELECT id FROM applications WHERE slug = 'planoorder'").Scan(&app))
	e.exec("UPDATE sessions SET created_at = created_at - interval '8 days' WHERE id = $1", otherSession)
	post := func(path, contentType, token, body string) func() answer {
		return func() answer {
			sent := []byte(body)
			if contentType == "text/plain" {
				sent = b64(body)
			}
			return e.send("POST", "/api/v1/"+path, sent, append(bearer(token), "Content-Type", contentType)...)
		}
	}
	const inJSON, inText = "application/json", "text/plain"
	signIn := func(email, password string) string {
		return fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder"}`, email, password)
	}
	for _, row := range []struct {
		name, status string
		call         func() answer
		want         string // user, session and application
	}{
		{"a session check by its user", "action-successful", post("sessions/read", inJSON, presented, "{}"), fmt.Sprint(user, session, app)},
		{"a session check by the application", "action-successful", post("sessions/read", inJSON, application, `{"session_token":"`+presented+`"}`), fmt.Sprint(user, session, app)},
		{"an expired session", "session-expired", post("sessions/read", inJSON, other, "{}"), fmt.Sprint(user, otherSession, app)},
		{"a token of nobody", "invalid-token", post("sessions/read", inJSON, "plas_x", "{}"), "0 0 0"},
		{"no token", "missing-param", post("users/read", inJSON, "", "{}"), "0 0 0"},
		{"a user without the role", "permission-denied", post("notifications/index", inJSON, presented, "{}"), fmt.Sprint(user, session, app)},
		{"a wrong password", "invalid-password", post("sessions/create", inText, "", signIn(email, "wrong")), fmt.Sprint(user, 0, app)},
		{"an unknown address", "email-not-found", post("sessions/create", inText, "", signIn("nobody@example.com", "wrong")), fmt.Sprint(0, 0, app)},
		{"a sign-in", "action-successful", post("sessions/create", inText, "", signIn(email, goodPassword)), fmt.Sprint(user, otherSession+1, app)},
		{"a mail that fails", "mandrill-email-failed", func() answer {
			e.mandrill.be("down")
			return post("users/password_reset_request", inJSON, "", fmt.Sprintf(`{"email":%q,"application":"planoorder"}`, email))()
		}, fmt.Sprint(user, 0, app)},
	} {
		a := row.call()
		if a.status() != row.status {
			t.Errorf("%s is answered %s", row.name, a.text)
		}
		for _, line := range e.logLines(a.header.Get("X-Request-Id")) {
			if got := fmt.Sprint(line.User, line.Session, line.Application); got != row.want {
				t.Errorf("%s: %q is about %s, not %s", row.name, line.Msg, got, row.want)
			}
		}
	}
	for _, secret := range []string{email, "nobody@", goodPassword, presented, application} {
		if strings.Contains(e.logs.String(), secret) {
			t.Errorf("the log contains %s", secret)
		}
	}
}

// logLine is a line of the server's log.
type logLine struct {
	Msg         string
	User        int64 `json:"user_id"`
	Session     int64 `json:"session_id"`
	Application int64 `json:"application_id"`
}

// logLines returns the lines about a request, once that of its end is there.
func (e *env) logLines(request string) (lines []logLine) {
	e.t.Helper()
	e.within(busyLimit, "the request is logged", func() bool {
		lines = nil
		ended := false
		for text := range strings.Lines(e.logs.String()) {
			var line logLine
			if strings.Contains(text, request) && json.Unmarshal([]byte(text), &line) == nil {
				lines, ended = append(lines, line), ended || line.Msg == "request"
			}
		}
		return ended
	})
	return lines
}
