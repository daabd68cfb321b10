package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/planoauth/planoauth/impl"
)

// fuzzed is the environment of a sequence, with what the sender of the requests knows.
type fuzzed struct {
	*env
	r         *rapid.T
	google    *issuer
	people    []*someone
	known     values
	throttled bool
	faithful  bool            // the request that is drawn shall succeed
	refusing  bool            // Mandrill does
	undeploys bool            // an administrator has tried to
	secrets   map[string]bool // that were sent or received
	mails     int             // that were read
	last      string          // the last request and answer, or what was found
	around    testing.TB
	first     *sync.Once // for the details of the first failure
}

// someone is a person with or without an account, and the values of params that belong to them.
type someone struct {
	email string
	values
}

// GoString is how rapid prints the person that it has drawn.
func (s *someone) GoString() string { return s.email }

// values are the known values of params by name, the newest first.
type values map[string][]any

func (v values) add(name string, value any) { v[name] = append([]any{value}, v[name]...) }

func startFuzz(t drawn, google *issuer) *fuzzed {
	w := &fuzzed{r: t.T, around: t.TB, google: google, known: values{}, secrets: map[string]bool{}}
	w.throttled = rapid.SampledFrom([]bool{false, false, false, true}).Draw(t.T, "throttled")
	disclosure := rapid.SampledFrom([]string{"precise", "precise", "opaque"}).Draw(t.T, "disclosure")
	statements := []string{
		orderSQL, "INSERT INTO companies (name, active) VALUES ('Eckert-Mauchly', true), ('Gone', false)",
		"INSERT INTO applications (slug, name, url, admits) VALUES ('planoship', 'PlanoShip', 'https://ship.example', '{employee,liaison}')",
	}
	for _, slug := range []string{"planoorder", "planoship"} {
		token := newToken("plaa_")
		w.known.add("application token", token)
		w.secrets[token] = true
		statements = append(statements, fmt.Sprintf(`INSERT INTO application_tokens (application_id, token_digest)
			SELECT id, '\x%x' FROM applications WHERE slug = '%s'`, sha256.Sum256([]byte(token)), slug))
	}
	w.env = start(t, withGoogle(google.url), withSQL(statements...), withSettings(func(s *impl.Settings) {
		s.Disclosure = disclosure
		if w.throttled {
			s.ThrottleAddress, s.ThrottlePasswords, s.ThrottleLinks = 80, []int{3}, []int{2, 4}
		}
	}))
	w.http.Transport = w.http.Transport.(*recorder).next // checkAnswer checks the answers, in order
	google.set(func() { google.now = w.clock.now })
	w.known["application"] = []any{"planoauth", "planoorder", "planoship", "planox2", "nowhere"}
	w.known["redirect_url"] = []any{orderURL, "https://auth.example/", "https://ship.example:443/a?b=c#d", "https://evil.example/", "http://localhost:3000/"}
	w.known["phone"] = []any{"+1 212 555 2368", "(212) 555-2368", "+44 20 7946 0958"}
	w.known["company_id"] = []any{1, 2, 3}
	w.known["slug"] = []any{"planoauth", "planoorder", "planolab"}
	w.known["url"] = []any{"", "https://order.example", "https://ship.example:443/a"}
	w.known["support_url"] = []any{"", "https://order.example/help?a=b", "mailto:help@example.com"}
	w.known["redirect_origins"] = []any{"https://order.example", "https://auth.example", "https://ship.example:443"}
	w.known["logo"] = []any{"", base64.StdEncoding.EncodeToString(logo(t, 2)), base64.StdEncoding.EncodeToString([]byte("<svg/>"))}
	w.known["term"] = []any{"ada", "@example.com", "eckert", "plano", "/api/v1/sessions", "100%"}
	w.known["operation"] = []any{"sessionsCreate", "peopleUpdate", "employeesUpdate"}
	w.known["status"] = []any{"action-successful", "invalid-password", "permission-denied"}
	w.known["user_id"] = []any{1, 2, 3}
	w.known["id"] = []any{w.notification(note{kind: "mandrill-email-failed", message: "100% of_it\\"}), 404}
	w.populate()
	return w
}

// populate inserts people of each kind, signed in, and adds two who have no account.
func (w *fuzzed) populate() {
	for _, p := range []person{
		{email: "ada@example.com", client: true},
		{email: "bob@example.com"},
		{email: "eve@example.com", employee: true},
		{email: "dan@example.com", client: true, noPassword: true},
		{email: "lea@example.com", liaison: true, client: true, rememberMe: true},
		{email: "rob@example.com", noPassword: true},
		{email: "ian@example.com", client: true, inactive: true},
		{email: "amy@example.com", access: "admin"},
		{email: "abe@example.com", access: "admin", client: true},
		{email: "sue@example.com", access: "support"},
	} {
		one := w.meet(w.user(p))
		one.add("password", goodPassword)
		w.startSession(one)
	}
	w.exec("UPDATE users SET email_verified_at = $1 WHERE email IN ('ada@example.com', 'lea@example.com')", w.clock.now())
	for _, link := range []struct{ kind, param, email, to string }{
		{"email_change", "email_token", "lea@example.com", "leah@example.com"}, {"email_change_undo", "undo_token", "ian@example.com", "ian@example.net"},
	} {
		token := w.emailLink(link.kind, link.email, link.to, true, 0)
		w.meet(link.email).add(link.param, token)
		w.secrets[token] = true
	}
	w.secrets[goodPassword] = true
	for _, email := range []string{"new@example.com", "gil@gmail.com"} {
		w.meet(email).add("password", "nanoseconds on a wire")
	}
}

// administrators are those whose access and sessions are given back now and then.
var administrators = []string{"amy@example.com", "abe@example.com"}

// startSession inserts a session of PlanoAuth, if the person has an account.
func (w *fuzzed) startSession(one *someone) {
	token := newToken("plas_")
	digest := sha256.Sum256([]byte(token))
	w.exec(`INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
		SELECT users.id, applications.id, $1, 'password', $2, $2 FROM users, applications WHERE email = $3 AND slug = 'planoauth'`,
		digest[:], w.clock.now(), one.email)
	w.gotToken(one, token)
}

// restore deploys everything, and lets the administrators administer again, whatever was done to them.
func (w *fuzzed) restore() {
	w.exec("UPDATE services SET deployed_at = $1 WHERE deployed_at IS NULL", w.clock.now())
	w.exec("UPDATE routes SET deployed_at = $1 WHERE deployed_at IS NULL", w.clock.now())
	for _, email := range administrators {
		w.exec("INSERT INTO users (email, first_name, last_name) SELECT $1, 'Amy', 'Abe' WHERE NOT EXISTS (SELECT FROM users WHERE email = $1)", email)
		w.exec("UPDATE users SET suspended = false WHERE email = $1", email)
		w.exec(`INSERT INTO employees (user_id, access) SELECT id, 'admin' FROM users WHERE email = $1
			ON CONFLICT (user_id) DO UPDATE SET access = 'admin', active = true`, email)
		w.startSession(w.meet(email))
	}
}

// meet returns the person who has this address.
func (w *fuzzed) meet(email string) *someone {
	email = strings.ToLower(strings.TrimSpace(email))
	for _, one := range w.people {
		if one.email == email {
			return one
		}
	}
	one := &someone{email, values{"email": {email, strings.ToUpper(email[:1]) + email[1:] + " "}, "application": {"planoauth"}, "first_name": {"Ada"}, "last_name": {"King"}}}
	w.people = append(w.people, one)
	return one
}

// gotToken stores the token of a new session.
func (w *fuzzed) gotToken(one *someone, token string) {
	one.add("token", token)
	one.add("session_token", token)
	w.secrets[token] = true
}

// elsewhere draws an event that is no request: time passes, Mandrill changes its mode, or an operator runs
// SQL.
func (w *fuzzed) elsewhere(r *rapid.T) {
	events := []string{"a minute", "16m", "73h", "8 days", "31 days", "mandrill"}
	for statement := range operatorsDo {
		events = append(events, statement)
	}
	slices.Sort(events[6:])
	switch event := rapid.SampledFrom(events).Draw(r, "event"); event {
	case "a minute":
		w.clock.move(time.Minute)
	case "16m":
		w.clock.move(16 * time.Minute)
	case "73h":
		w.clock.move(73 * time.Hour)
	case "8 days":
		w.clock.move(8 * 24 * time.Hour)
	case "31 days":
		w.clock.move(31 * 24 * time.Hour)
	case "mandrill":
		mode := rapid.SampledFrom([]string{"", "", "rejected", "down", "garbage", "badkey", "queued"}).Draw(r, "mode")
		w.mandrill.be(mode)
		w.refusing = mode != "" && mode != "queued"
	default:
		w.exec(operatorsDo[event], w.someone().email)
	}
}

// operatorsDo are statements about one user, $1, or about all.
var operatorsDo = map[string]string{
	"deactivate":  "UPDATE clients SET active = false FROM users WHERE users.id = user_id AND email = $1",
	"activate":    "UPDATE clients SET active = true FROM users WHERE users.id = user_id AND email = $1",
	"fire":        "DELETE FROM employees USING users WHERE users.id = user_id AND email = $1",
	"hire":        "INSERT INTO employees (user_id) SELECT id FROM users WHERE email = $1 ON CONFLICT DO NOTHING",
	"forget":      "DELETE FROM users WHERE email = $1",
	"no password": "UPDATE users SET password_hash = NULL WHERE email = $1",
	"legacy":      "UPDATE applications SET legacy_slugs = NOT legacy_slugs WHERE $1 <> ''",
	"tell":        "UPDATE applications SET sign_in_mail = NOT sign_in_mail WHERE $1 <> ''",
	"admit":       "UPDATE applications SET admits = '{client,employee}' WHERE slug = 'planoship' AND $1 <> ''",
	"note":        "INSERT INTO notifications (kind, message, created_at) VALUES ('note', $1, now())",
}

func (w *fuzzed) someone() *someone { return rapid.SampledFrom(w.people).Draw(w.r, "who") }
