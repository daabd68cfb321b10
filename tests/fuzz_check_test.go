package tests

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// beforeParams are the refusals that a request with valid params never gets.
var beforeParams = []string{"invalid-content-type", "request-too-large", "no-params-decoded", "invalid-encoded-params"}

// beyondSchema are the rules that no schema can express.
var beyondSchema = []string{"exists", "allowed", "recent_sign_in", "possible", "no_url", "active"}

// checkedByCode are the params with rules that a schema could express, and code checks.
var checkedByCode = []paramError{
	{"redirect_url", "required"}, {"page.after", "format"}, {"current_password", "required"}, {"session_token", "required"},
	{"url", "format"}, {"support_url", "format"}, {"redirect_origins", "format"}, {"admits", "minLength"}, {"logo", "format"},
}

// checkAnswer compares an answer with the expected one.
func (w *fuzzed) checkAnswer(q *fuzzRequest, a fuzzAnswer) {
	slug := a.status()
	switch {
	case a.broken != nil:
		w.last += "\n" + a.broken.Error()
		w.fail("%s answers against its contract", q.id)
	case q.slug == "route-non-existent":
		if slug != q.slug {
			w.fail("%s %s: want %s, have %s", q.id, q.damage, q.slug, slug)
		}
	case slug == "rate-limit-exceeded":
		if !w.throttled {
			w.fail("%s is rate-limited where there is no limit", q.id)
		}
	case slug == "service-not-found" || slug == "route-not-found":
		if !w.undeploys {
			w.fail("%s answers %s, and nothing was undeployed", q.id, slug)
		}
	case a.code >= 500:
		if slug != "mandrill-email-failed" || !w.refusing || q.slug != "" {
			w.last += "\n" + strings.Join(errorLines(w.logs.String()), "\n")
			w.fail("%s answers %s while nothing fails", q.id, slug)
		}
	case a.body["param"] != nil && !q.withoutParams:
		if q.token == "" && q.params["session_token"] == nil {
			w.fail("%s answers %s, and no token was presented", q.id, slug)
		}
	case q.slug == "":
		w.checkValid(q, a.answer)
	default:
		w.checkRefusal(q, a.answer)
	}
}

// fail ends a sequence. Its message is the same in each run of the sequence, or rapid could not shrink it.
// Details with ids and tokens are logged instead.
func (w *fuzzed) fail(format string, args ...any) {
	w.r.Helper()
	w.r.Logf("%s", w.last)
	w.first.Do(func() { w.around.Logf("first failure: "+format+"\n%s", append(args, w.last)...) })
	w.r.Fatalf(format, args...)
}

// checkValid checks the answer to params that obey the schema.
func (w *fuzzed) checkValid(q *fuzzRequest, a answer) {
	slug := a.status()
	if slices.Contains(beforeParams, slug) {
		w.fail("%s answers %s to what is none", q.id, slug)
	}
	for _, e := range errorList(a) {
		known := slices.Contains(beyondSchema, e.rule) || slices.Contains(checkedByCode, e) ||
			q.id == "usersGoogleUnlink" && e == paramError{"token", "required"}
		if !known && (slug == "invalid-param" || slug == "missing-param") {
			w.fail("%s answers %s, %s %s, to params that obey its schema", q.id, slug, e.param, e.rule)
		}
	}
}

// checkRefusal checks the answer to a request with one mistake: it is refused for that mistake alone.
func (w *fuzzed) checkRefusal(q *fuzzRequest, a answer) {
	slug, named := a.status(), q.param == ""
	for _, e := range errorList(a) {
		named = named || e.param == q.param && e.rule == q.rule
		switch byToken := e.param == "session_token" && (e.rule == "required" || e.rule == "allowed"); {
		case byToken && e.rule == "required":
			slug = q.slug
		case e.param != q.param && !byToken && q.rule != "" && q.param != "token":
			w.fail("%s %s: %s %s is named too", q.id, q.damage, e.param, e.rule)
		}
	}
	if slug != q.slug || !named {
		w.fail("%s %s: want %s (%s %s), have %s (%s)", q.id, q.damage, q.slug, q.param, q.rule, slug, a.params())
	}
}

type paramError struct{ param, rule string }

func errorList(a answer) (all []paramError) {
	errors, _ := a.body["errors"].([]any)
	for _, one := range errors {
		one := one.(map[string]any)
		all = append(all, paramError{one["param"].(string), one["rule"].(string)})
	}
	return all
}

// noteSecrets records the secrets of a request, which must not be stored or logged.
func (w *fuzzed) noteSecrets(q *fuzzRequest) {
	note := func(text string) {
		if len(text) >= 8 {
			w.secrets[text] = true
		}
	}
	var walk func(map[string]any)
	walk = func(params map[string]any) {
		for name, value := range params {
			switch value := value.(type) {
			case map[string]any:
				walk(value)
			case string:
				if secret(name) && (strings.Contains(value, "-hunter") || anyToken.MatchString(value)) {
					note(value)
				}
			}
		}
	}
	walk(q.params)
	if anyToken.MatchString(q.token) {
		note(q.token)
	}
	if len(q.params) > 0 && len(q.body) < 4096 {
		note(q.text)
		note(string(q.body))
	}
}

// checkRemains checks the log and the database after a sequence.
func (w *fuzzed) checkRemains() {
	log := w.logs.String()
	if errors := errorLines(log); len(errors) > 0 {
		w.last = strings.Join(errors, "\n")
		w.fail("the log has an error")
	}
	w.checkSecrets("the log", log)
	tables, err := w.pool.Query(w.t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
	check(w.t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	check(w.t, err)
	for _, name := range names {
		from := "SELECT * FROM " + pgx.Identifier{name}.Sanitize()
		if name == "mails" { // one that waits to be sent holds its link
			from = "SELECT id, kind, to_email, to_name, subject, CASE WHEN coalesce(sent_at, failed_at) IS NOT NULL THEN text_body || html_body END FROM mails"
		}
		w.checkSecrets("the table "+name, w.read(from))
	}
	for _, what := range slices.Sorted(maps.Keys(invariants)) {
		w.last = w.read("SELECT * FROM " + invariants[what])
		if w.last != "" {
			w.fail("there is %s", what)
		}
	}
}

// errorLines are the lines of a log about errors.
func errorLines(log string) []string {
	return slices.DeleteFunc(strings.Split(log, "\n"), func(line string) bool { return !strings.Contains(line, `"level":"ERROR"`) })
}

// read returns the rows of a query as JSON, one a line.
func (w *fuzzed) read(query string) (text string) {
	check(w.t, w.pool.QueryRow(w.t.Context(), "SELECT coalesce(string_agg(to_jsonb(q)::text, E'\n'), '') FROM ("+query+") q").Scan(&text))
	return text
}

func (w *fuzzed) checkSecrets(where, text string) {
	for secret := range w.secrets {
		quoted, _ := json.Marshal(secret)
		for _, form := range []string{
			secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
			base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		} {
			if at := strings.Index(text, form); at >= 0 {
				w.last = fmt.Sprintf("%q in %s", secret, text[max(0, at-300):min(len(text), at+len(form)+100)])
				w.fail("%s has a secret", where)
			}
		}
	}
}

// invariants are queries for rows that must not exist.
var invariants = map[string]string{
	"a notification of a crash":                  "notifications WHERE kind = 'application-crash'",
	"a notification that nobody caused":          "notifications WHERE kind NOT IN ('mandrill-email-failed', 'mail-given-up', 'note')",
	"an address that is not in its normal form":  `users WHERE email <> lower(email) OR email !~ '^[!-~]+@[a-z0-9.-]+$' OR length(email) > 254`,
	"a name with a control character":            `users WHERE first_name || last_name ~ '[\u0001-\u001f\u007f-\u009f]'`,
	"a phone number in another form":             `users WHERE phone <> '' AND phone !~ '^\+[1-9][0-9]{5,14}$'`,
	"a password that is not hashed":              `users WHERE coalesce(password_hash, '') <> '' AND password_hash !~ '^\$argon2id\$v=19\$'`,
	"a token that is not a digest":               "(SELECT token_digest FROM sessions UNION ALL SELECT token_digest FROM links UNION ALL SELECT state_digest FROM google_states) d WHERE length(token_digest) <> 32",
	"a redirect to an origin that nobody allows": `(SELECT redirect_url FROM sessions UNION ALL SELECT redirect_url FROM links UNION ALL SELECT redirect_url FROM google_states) r WHERE redirect_url !~* '^(|https://(order|auth|ship)\.example(:443)?([/?#].*)?)$'`,
	"an enterprise with a company":               "clients WHERE enterprise AND company_id IS NOT NULL",
	"a mail to nobody":                           "mails WHERE to_email <> lower(to_email) OR subject ~ '[\\r\\n]' OR subject = ''",
	"a mail that was sent and still has a body":  "mails WHERE coalesce(sent_at, failed_at) IS NOT NULL AND text_body || html_body <> ''",
}
