package tests

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// TestFuzz sends what the schemas of openapi.yaml allow, nearly allow and forbid, in sequences, each in a world of its own:
// every answer obeys the contract and is the one that the request deserves, and nothing secret stays behind. What fails is
// made as small as it can be; the seed that is printed, or the file, repeats it. Without flags the requests are the same each time.
func TestFuzz(t *testing.T) {
	t.Parallel()
	size := map[string]string{"rapid.seed": "20261124", "rapid.checks": "50", "rapid.steps": "60"} // unless the command line says otherwise
	flag.Visit(func(f *flag.Flag) { delete(size, f.Name) })
	usual := len(size) == 3 && !testing.Short()
	for name, value := range size {
		check(t, flag.Set(name, value))
	}
	google, seen, first := startIssuer(t), &outcomes{seen: map[pair]int{}}, &sync.Once{}
	rapid.Check(t, func(r *rapid.T) {
		w := startFuzz(drawn{r, around{t}}, google)
		w.first = first
		r.Repeat(map[string]func(*rapid.T){
			"":                    w.judgeMails,
			"a valid request":     func(*rapid.T) { w.send(seen, w.valid()) },
			"some valid ones":     func(*rapid.T) { w.send(seen, w.valid()); w.send(seen, w.valid()); w.send(seen, w.valid()) },
			"nearly valid ones":   func(*rapid.T) { w.send(seen, w.nearlyValid()); w.send(seen, w.nearlyValid()) },
			"hostile ones":        func(*rapid.T) { w.send(seen, w.hostile()); w.send(seen, w.hostile()) },
			"several at once":     func(*rapid.T) { w.send(seen, w.several()...) },
			"something else does": w.elsewhere,
		})
		w.judgeRemains()
	})
	if !seen.covered() && usual {
		t.Error("the lines above say which operations no generated request has succeeded at")
	}
}

// covered prints what each operation has answered; it is false when one has never succeeded.
func (m *outcomes) covered() bool {
	covered := true
	for _, o := range lawOperations() {
		sum, slugs := 0, []string{}
		for _, slug := range slices.Sorted(maps.Keys(o.slugs)) {
			if n := m.seen[pair{o.id, slug}]; n > 0 {
				sum, slugs = sum+n, append(slugs, fmt.Sprintf("%s %d", slug, n))
			}
		}
		if m.seen[pair{o.id, "action-successful"}] == 0 {
			covered, slugs = false, append(slugs, "NEVER action-successful")
		}
		fmt.Printf("fuzz: %-26s %5d answers: %s\n", o.id, sum, strings.Join(slugs, ", "))
	}
	return covered
}

// drawn is a sequence of rapid's as a test: what rapid has no methods for, comes from the test around.
type drawn struct {
	*rapid.T
	around
}

type around struct{ testing.TB }

func (d drawn) Helper()      { d.T.Helper() }
func (d drawn) Name() string { return d.T.Name() }

// fuzzed is the world of a sequence, and what whoever sends the requests knows of it.
type fuzzed struct {
	*env
	r         *rapid.T
	google    *issuer
	people    []*someone
	known     values
	throttled bool
	faithful  bool            // the request that is drawn is to make sense
	refusing  bool            // Mandrill does
	secrets   map[string]bool // that were sent or received
	mails     int             // that were read
	last      string          // what was sent and answered, or found
	around    testing.TB
	first     *sync.Once // for the details of the first failure
}

// someone has an account, or not yet, and the values of params that go with it.
type someone struct {
	email string
	values
}

// GoString is how rapid shows whom it has drawn.
func (s *someone) GoString() string { return s.email }

// values are those worth sending as a param, by its name, the newest first.
type values map[string][]any

func (v values) add(name string, value any) { v[name] = append([]any{value}, v[name]...) }

func startFuzz(t drawn, google *issuer) *fuzzed {
	w := &fuzzed{r: t.T, around: t.TB, google: google, known: values{}, secrets: map[string]bool{}}
	w.throttled = rapid.SampledFrom([]bool{false, false, false, true}).Draw(t.T, "throttled")
	disclosure := rapid.SampledFrom([]string{"precise", "precise", "opaque"}).Draw(t.T, "disclosure")
	statements := []string{
		orderSQL, "INSERT INTO companies (id, name, active) VALUES (1, 'Eckert-Mauchly', true), (2, 'Gone', false)",
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
			s.ThrottleAddress, s.ThrottlePasswords, s.ThrottleLinks = 80, 3, []int{2, 4}
		}
	}))
	w.http.Transport = w.http.Transport.(*checked).next // the answers are judged by judge, in one place and in order
	google.set(func() { google.now = w.clock.now })
	w.known["application"] = []any{"planoauth", "planoorder", "planoship", "planox2", "nowhere"}
	w.known["redirect_url"] = []any{orderURL, "https://auth.example/", "https://ship.example:443/a?b=c#d", "https://evil.example/", "http://localhost:3000/"}
	w.known["phone"] = []any{"+1 212 555 2368", "(212) 555-2368", "+44 20 7946 0958"}
	w.known["company_id"] = []any{1, 2, 3}
	w.known["id"] = []any{w.notification(note{kind: "mandrill-email-failed", message: "100% of_it\\"}), 404}
	w.populate()
	return w
}

// populate makes people of each kind, who have signed in, and two who have no account.
func (w *fuzzed) populate() {
	for _, p := range []person{
		{email: "ada@example.com", client: true},
		{email: "bob@example.com"},
		{email: "eve@example.com", employee: true},
		{email: "dan@example.com", client: true, noPassword: true},
		{email: "lea@example.com", liaison: true, client: true, rememberMe: true},
		{email: "rob@example.com"},
		{email: "ian@example.com", client: true, inactive: true},
	} {
		one := w.meet(w.user(p))
		one.add("password", goodPassword)
		outcome, err := w.api.SessionsCreate(w.t.Context(), client.SessionsCreateParams{Email: p.email, Password: goodPassword, Application: "planoauth"})
		check(w.t, err)
		switch outcome := outcome.(type) {
		case client.SessionsCreateActionSuccessful:
			w.gotToken(one, outcome.Data.Token)
		case client.SessionsCreateClientRequired:
			w.gotToken(one, outcome.Data.Token)
		}
	}
	w.exec("UPDATE users SET email_verified_at = $1 WHERE email IN ('ada@example.com', 'lea@example.com')", w.clock.now())
	w.secrets[goodPassword] = true
	for _, email := range []string{"new@example.com", "gil@gmail.com"} {
		w.meet(email).add("password", "nanoseconds on a wire")
	}
}

// meet is who has this address.
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

// gotToken is for a session that was made.
func (w *fuzzed) gotToken(one *someone, token string) {
	one.add("token", token)
	one.add("session_token", token)
	w.secrets[token] = true
}

// several are requests that do not know of each other.
func (w *fuzzed) several() (all []*fuzzRequest) {
	for range rapid.IntRange(2, 6).Draw(w.r, "requests") {
		one := rapid.SampledFrom([]func() *fuzzRequest{w.valid, w.valid, w.nearlyValid, w.hostile}).Draw(w.r, "kind")
		all = append(all, one())
	}
	if again := rapid.Bool().Draw(w.r, "the first again"); again {
		all = append(all, all[0])
	}
	return all
}

// send sends requests at once, and judges their answers, learning from each.
func (w *fuzzed) send(seen *outcomes, all ...*fuzzRequest) {
	answers, errs := make([]fuzzAnswer, len(all)), make([]error, len(all))
	var sent sync.WaitGroup
	for i, q := range all {
		w.r.Logf("%s", q)
		w.noteSecrets(q)
		sent.Go(func() { answers[i], errs[i] = q.send(w.t.Context(), w.env, seen) })
	}
	sent.Wait()
	for i, q := range all {
		if errs[i] != nil {
			w.r.Fatalf("%s was not answered: %v", q.id, errs[i])
		}
		w.r.Logf("%d %s", answers[i].code, answers[i].text)
		w.last = fmt.Sprintf("%s\n%d %s", q, answers[i].code, answers[i].text)
		w.judge(q, answers[i])
		w.learn(q, answers[i].answer)
	}
}

// elsewhere lets time pass, Mandrill change its mind, or the operators change what they may.
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

// operatorsDo are statements about somebody, or ($1 unused otherwise) about all.
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

var anyToken = regexp.MustCompile(`pla[sal]_[a-z2-7]{56}`)

// learn takes from an answer what later requests may use.
func (w *fuzzed) learn(q *fuzzRequest, a answer) {
	who := q.who
	if q.slug == "" && a.body["param"] == nil {
		for name, value := range q.params {
			w.used(who, name, value)
		}
	}
	refused := a.code != 200 && a.status() != "client-required" && a.status() != "mandrill-email-failed"
	if refused || a.body["param"] != nil { // or its token was
		return
	}
	if email, ok := q.params["email"].(string); ok {
		who = w.meet(email)
	}
	if registered, ok := q.params["client"].(map[string]any); ok {
		if email, ok := registered["email"].(string); ok {
			who = w.meet(email)
		}
		if password, ok := registered["password"].(string); ok {
			who.add("password", password)
		}
	}
	for _, token := range anyToken.FindAllString(a.text, -1) {
		w.gotToken(who, token)
		if application, ok := q.params["application"]; ok {
			who.add("application", application)
		}
	}
	data, _ := a.body["data"].(map[string]any)
	if id, ok := data["id"].(float64); ok && q.id != "clientsRegister" {
		who.add("id", int64(id))
	}
	if a.code != 200 {
		return
	}
	switch q.id {
	case "usersPasswordUpdate", "usersPasswordReset":
		who.add("password", q.params["password"])
	case "sessionsGoogleAuthorize":
		f := &flow{GoogleAuthorization: client.GoogleAuthorization{URL: data["url"].(string), State: data["state"].(string), Verifier: data["verifier"].(string)}}
		verified := rapid.SampledFrom([]bool{true, true, true, false}).Draw(w.r, "verified")
		w.browse(f, account{"sub": "google of " + who.email, "email": who.email, "email_verified": verified, "hd": "example.com"})
		who.add("code", f.code)
		who.add("state", f.State)
		who.add("verifier", f.Verifier)
		w.secrets[f.State], w.secrets[f.Verifier], w.secrets[f.code] = true, true, true
	}
}

// used is for what can be had only once, and was shown to its operation.
func (w *fuzzed) used(who *someone, name string, value any) {
	if at := slices.Index(who.values[name], value); at >= 0 && once(name) {
		who.values[name] = slices.Delete(who.values[name], at, at+1)
		w.known.add(name, value)
	}
}

// once tells whether what a param takes is of use only once.
func once(param string) bool {
	return secret(param) && param != "password" && param != "token" && param != "session_token"
}

// judgeMails reads the new mails, for the links in them.
func (w *fuzzed) judgeMails(*rapid.T) {
	mails := w.mandrill.mails()
	for _, m := range mails[w.mails:] {
		if strings.Contains(strings.ToLower(m.HTML), "<script") || strings.ContainsAny(m.Subject+m.To, "\r\n") {
			w.last = fmt.Sprintf("%q, %q, %s", m.To, m.Subject, m.HTML)
			w.fail("a mail is not safe to read")
		}
		for _, found := range linkForm.FindAllStringSubmatch(m.Text, -1) {
			name := map[string]string{"magic": "magic_token", "reset": "reset_token", "verify": "verification_token"}[found[1]]
			w.meet(m.To).add(name, found[2])
			w.secrets[found[2]] = true
		}
	}
	w.mails = len(mails)
}
