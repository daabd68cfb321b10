package tests

import (
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/planoauth/planoauth/gen/client"
)

// TestFuzz sends sequences of requests that the schemas of openapi.yaml allow, nearly allow and forbid. Every
// answer must obey the spec and be the expected one, and no secret may be stored or logged. rapid shrinks a
// sequence that fails; the printed seed or file repeats it. Without flags the requests are the same each
// time.
func TestFuzz(t *testing.T) {
	t.Parallel()
	fuzz(t, "3")
}

// TestFuzzLong sends enough requests for each operation to succeed at least once.
func TestFuzzLong(t *testing.T) {
	t.Parallel()
	if seen, usual := fuzz(t, "90"); !seen.covered() && usual {
		t.Error("the lines above say which operations no generated request has succeeded at")
	}
}

// givenFlags are the flags of the command line; fuzz sets the others.
var givenFlags = sync.OnceValue(func() map[string]bool {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return given
})

// fuzzing is held while rapid's flags are in use.
var fuzzing sync.Mutex

// fuzz runs this number of sequences and returns their outcomes. Flags of the command line override its own;
// usual is false then.
func fuzz(t *testing.T, checks string) (seen *outcomes, usual bool) {
	fuzzing.Lock()
	defer fuzzing.Unlock()
	usual = true
	for name, value := range map[string]string{"rapid.seed": "20261124", "rapid.checks": checks, "rapid.steps": "60"} {
		if givenFlags()[name] {
			usual = false
			continue
		}
		check(t, flag.Set(name, value))
	}
	fmt.Println("fuzz: -rapid.seed", flag.Lookup("rapid.seed").Value)
	google, first := startIssuer(t), &sync.Once{}
	seen = &outcomes{seen: map[pair]int{}}
	rapid.Check(t, func(r *rapid.T) {
		w := startFuzz(drawn{r, around{t}}, google)
		w.first = first
		r.Repeat(map[string]func(*rapid.T){
			"":                w.checkMails,
			"a valid request": func(*rapid.T) { w.send(seen, w.valid()) },
			"some valid ones": func(*rapid.T) { w.send(seen, w.valid()); w.send(seen, w.valid()); w.send(seen, w.valid()) },
			"a ripe one": func(r *rapid.T) {
				q := w.ripe()
				if q == nil {
					r.Skip("nobody has anything")
				}
				w.send(seen, q)
			},
			"nearly valid ones":   func(*rapid.T) { w.send(seen, w.nearlyValid()); w.send(seen, w.nearlyValid()) },
			"hostile ones":        func(*rapid.T) { w.send(seen, w.hostile()); w.send(seen, w.hostile()) },
			"several at once":     func(*rapid.T) { w.send(seen, w.several()...) },
			"something else does": w.elsewhere,
		})
		w.checkRemains()
	})
	return seen, usual
}

// covered prints the outcomes of each operation. It is false when one has never succeeded.
func (m *outcomes) covered() bool {
	covered := true
	for _, o := range specOperations() {
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

// drawn is a testing.TB of a rapid sequence. Methods that rapid does not have come from the surrounding test.
type drawn struct {
	*rapid.T
	around
}

type around struct{ testing.TB }

func (d drawn) Helper()      { d.T.Helper() }
func (d drawn) Name() string { return d.T.Name() }

// several draws requests that are independent of each other.
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

// send sends requests concurrently, checks their answers and stores what they return.
func (w *fuzzed) send(seen *outcomes, all ...*fuzzRequest) {
	answers, errs := make([]fuzzAnswer, len(all)), make([]error, len(all))
	var sent sync.WaitGroup
	for i, q := range all {
		w.r.Logf("%s", q)
		w.noteSecrets(q)
		w.undeploys = w.undeploys || q.params["deployed"] == false
		sent.Go(func() { answers[i], errs[i] = q.send(w.t.Context(), w.env, seen) })
	}
	sent.Wait()
	for i, q := range all {
		if errs[i] != nil {
			w.r.Fatalf("%s was not answered: %v", q.id, errs[i])
		}
		w.r.Logf("%d %s", answers[i].code, answers[i].text)
		w.last = fmt.Sprintf("%s\n%d %s", q, answers[i].code, answers[i].text)
		w.checkAnswer(q, answers[i])
		w.store(q, answers[i].answer)
	}
}

var anyToken = regexp.MustCompile(`pla[sal]_[a-z2-7]{56}`)

// store keeps the values of an answer that later requests may use.
func (w *fuzzed) store(q *fuzzRequest, a answer) {
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
	if email, ok := q.params["email"].(string); ok && q.id != "passwordsJudge" { // which takes any text
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
		if q.id == "sessionsHandOver" {
			who.add("magic_token", token)
			w.secrets[token] = true
			continue
		}
		if q.id == "applicationsTokenCreate" {
			w.known.add("application token", token)
			w.secrets[token] = true
			continue
		}
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
	if next, ok := data["next"].(string); ok {
		w.known.add("after", next)
	}
	switch q.id {
	case "usersPasswordUpdate", "usersPasswordReset":
		who.add("password", q.params["password"])
	case "usersEmailChangeRequest":
		who.add("token", q.token) // of the session that the link needs
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

// used removes a single-use value that was presented to its operation.
func (w *fuzzed) used(who *someone, name string, value any) {
	if at := slices.Index(who.values[name], value); at >= 0 && once(name) {
		who.values[name] = slices.Delete(who.values[name], at, at+1)
		w.known.add(name, value)
	}
}

// once reports whether the values of a param are for single use.
func once(param string) bool {
	return secret(param) && param != "password" && param != "token" && param != "session_token"
}

// checkMails reads the new mails and stores their links.
func (w *fuzzed) checkMails(*rapid.T) {
	mails := w.mandrill.mails()
	for _, m := range mails[w.mails:] {
		if strings.Contains(strings.ToLower(m.HTML), "<script") || strings.ContainsAny(m.Subject+m.To, "\r\n") {
			w.last = fmt.Sprintf("%q, %q, %s", m.To, m.Subject, m.HTML)
			w.fail("a mail is not safe to read")
		}
		for _, found := range linkForm.FindAllStringSubmatch(m.Text, -1) {
			name := map[string]string{"magic": "magic_token", "reset": "reset_token", "verify": "verification_token", "email": "email_token"}[found[1]]
			if strings.Contains(m.Text, "undo the change") || strings.Contains(m.Text, "deshaz el cambio") {
				name = "undo_token"
			}
			w.meet(m.To).add(name, found[2])
			w.secrets[found[2]] = true
		}
	}
	w.mails = len(mails)
}
