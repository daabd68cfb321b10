package tests

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// fuzzRequest is a request of an operation, and the answer that is expected.
type fuzzRequest struct {
	*specOperation
	who           *someone
	params        map[string]any // as drawn
	token         string         // that is presented; "" for none
	inHeader      bool
	method, path  string
	text          string // the JSON
	body          []byte
	headers       []string // in pairs
	slug          string   // of the refusal that it deserves; "" when its params obey the schema
	param, rule   string   // what the errors must name
	damage        string   // what was done to it, for people
	withoutParams bool     // the params are not what is refused
}

// GoString is how rapid prints the operation that it has drawn.
func (o *specOperation) GoString() string { return o.id }

type fuzzAnswer struct {
	answer
	broken error // how it breaks the contract
}

func (q *fuzzRequest) String() string {
	return fmt.Sprintf("%s %s %s %q %s %q", q.id, q.method, q.path, q.headers, q.damage, q.text)
}

// request draws an operation, params that its schema allows, and a token.
func (w *fuzzed) request() *fuzzRequest {
	w.faithful = rapid.SampledFrom([]bool{true, true, false}).Draw(w.r, "faithful")
	if rapid.IntRange(0, 3).Draw(w.r, "whether to administer") == 0 {
		return w.requestOf(administrative(), w.someone())
	}
	return w.requestOf(ordinary(), w.someone())
}

// ordinary lists the operations that need no access. Administrative ones are drawn less often, since they undo much of
// what is known about the world.
var ordinary = sync.OnceValue(func() []*specOperation {
	return slices.DeleteFunc(slices.Clone(specOperations()), func(o *specOperation) bool { return o.access() != "" })
})

// needNewAddress are operations that an address without a user suits better than that of a person.
var needNewAddress = []string{"usersEmailChangeRequest", "peopleEmailUpdate", "clientsCreate", "employeesCreate", "liaisonsCreate"}

func (w *fuzzed) requestOf(all []*specOperation, who *someone) *fuzzRequest {
	o := rapid.SampledFrom(all).Draw(w.r, "operation")
	if w.faithful && o.op.Extensions["x-roles"] != nil {
		who = w.meet("eve@example.com") // the employee
	}
	q := &fuzzRequest{specOperation: o, who: who, method: o.method, path: o.path, params: w.object(o.paramsSchema(), who)}
	if w.faithful && slices.Contains(needNewAddress, o.id) {
		to := q.params
		if o.id == "clientsCreate" {
			q.params["application"], to = "planoorder", q.params["client"].(map[string]any)
		}
		to["email"] = fmt.Sprintf("new%d@example.com", rapid.IntRange(1, 99).Draw(w.r, "new address"))
	}
	if w.faithful && o.access() != "" {
		if rapid.IntRange(0, 2).Draw(w.r, "whether to restore") == 0 {
			w.restore()
		}
		w.findIDs(q)
		q.who = w.meet(rapid.SampledFrom(administrators).Draw(w.r, "administrator"))
	}
	w.present(q)
	if len(q.params) == 0 && len(o.paramsSchema().Required) > 0 {
		w.r.Fatalf("%s: what is required was not made", o.id)
	}
	return q
}

// findIDs sets the ids of a request to those of rows that exist: its person, any record, or any row of the resource.
func (w *fuzzed) findIDs(q *fuzzRequest) {
	if q.params["id"] == nil {
		return
	}
	switch kind, _ := q.extension("x-subject", "kind").(string); kind {
	case "person":
		w.findID(q, "id", "users WHERE email = $1", q.who.email)
	case "":
		w.findID(q, "id", strings.Split(q.path, "/")[3])
	default:
		w.findID(q, "id", kind+"s")
	}
	w.findID(q, "session_id", "sessions WHERE user_id = $1", q.params["id"])
	w.findID(q, "token_id", "application_tokens WHERE application_id = $1", q.params["id"])
}

// findID sets a param that is there to the id of a row, if there is one.
func (w *fuzzed) findID(q *fuzzRequest, param, rows string, args ...any) {
	if q.params[param] == nil {
		return
	}
	found, err := w.pool.Query(w.t.Context(), "SELECT id FROM "+rows+" ORDER BY id", args...)
	check(w.t, err)
	ids, err := pgx.CollectRows(found, pgx.RowTo[int64])
	check(w.t, err)
	if len(ids) > 0 {
		q.params[param] = rapid.SampledFrom(ids).Draw(w.r, param+" that exists")
	}
}

// ripe returns the operations that take a single-use value which somebody has.
func (s *someone) ripe() (all []*specOperation) {
	for _, o := range specOperations() {
		for _, name := range o.paramsSchema().Required {
			if once(name) && len(s.values[name]) > 0 {
				all = append(all, o)
				break
			}
		}
	}
	return all
}

// present draws a token, and whether it is in the header.
func (w *fuzzed) present(q *fuzzRequest) {
	o := q.specOperation
	tokens := []string{"none", "own", "any", "application", "wrong"}
	if required := o.extension("x-token", "required") == true; w.faithful {
		tokens = map[bool][]string{true: {"own"}, false: {"none", "none", "own"}}[required]
	}
	switch kind := rapid.SampledFrom(tokens).Draw(w.r, "token"); kind {
	case "own", "any":
		list := q.who.values["token"]
		if kind == "any" || len(list) == 0 {
			list = append(slices.Clone(w.someone().values["token"]), list...)
		}
		if len(list) > 0 {
			q.token = list[0].(string)
			if kind == "any" {
				q.token = rapid.SampledFrom(list).Draw(w.r, "which token").(string)
			}
		}
	case "application":
		q.token = rapid.SampledFrom(w.known["application token"]).Draw(w.r, "which token").(string)
	case "wrong":
		good := newestOf(q.who.values["token"], "plas_aaaa")
		q.token = rapid.SampledFrom([]string{"nonsense", good[:len(good)-1] + "7a", strings.ToUpper(good), "plas_", strings.Repeat("a", 200), "ü", good + " " + good}).Draw(w.r, "which token")
		q.slug, q.withoutParams = "invalid-token", true
	}
	switch q.inHeader = rapid.SampledFrom([]bool{true, true, false}).Draw(w.r, "in the header"); {
	case q.token != "" && !q.inHeader:
		q.params["token"] = q.token
	case q.token != "" && rapid.SampledFrom([]bool{false, false, true}).Draw(w.r, "and another param"):
		q.params["token"] = "the header wins"
	case q.token == "" && o.extension("x-token", "required") == true:
		q.slug, q.param, q.rule = "missing-param", "token", "required"
	}
}

func newestOf(list []any, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return list[0].(string)
}

// valid draws a request whose params obey the schema, in one of several equivalent forms.
func (w *fuzzed) valid() *fuzzRequest {
	q := w.request()
	w.write(q)
	return q
}

// ripe draws a request that consumes a single-use value which somebody has. It is nil where nobody has one.
func (w *fuzzed) ripe() *fuzzRequest {
	waiting := slices.DeleteFunc(slices.Clone(w.people), func(one *someone) bool { return one.ripe() == nil })
	if len(waiting) == 0 {
		return nil
	}
	who := rapid.SampledFrom(waiting).Draw(w.r, "who")
	w.faithful = true
	q := w.requestOf(who.ripe(), who)
	w.write(q)
	return q
}

// nearlyValid draws a request with one breach of the schema.
func (w *fuzzed) nearlyValid() *fuzzRequest {
	q := w.request()
	var at []place
	for _, one := range places(q.paramsSchema(), q.params, "") {
		if one.path != "token" || q.inHeader && q.token != "" {
			at = append(at, one)
		}
	}
	one := rapid.SampledFrom(at).Draw(w.r, "place")
	path, broken := one.path, breach{rule: "additionalProperties", value: rapid.SampledFrom([]any{1, "", []any{}, map[string]any{"x": []any{}}}).Draw(w.r, "value")}
	if one.name == "" {
		one.name = rapid.SampledFrom([]string{"x", "Email", "viev", "__proto__", "a.b", "é", "'", strings.Repeat("n", 64), "0", "\U0001f600"}).Draw(w.r, "unknown")
		path += one.name
	} else {
		broken = rapid.SampledFrom(breaches(one.schema, one.required)).Draw(w.r, "breach")
	}
	one.in[one.name] = broken.value
	if broken.absent {
		delete(one.in, one.name)
	}
	if item, rule, ok := strings.Cut(broken.rule, " "); ok {
		path, broken.rule = path+"."+item, rule
	}
	q.damage = path + " " + broken.rule
	switch {
	case len(q.params) == 0 && len(q.paramsSchema().Required) > 0:
		q.slug, q.param, q.rule, q.withoutParams = "no-params-decoded", "", "", true
	case q.slug == "invalid-token":
	case q.slug == "missing-param": // the token is: the errors name it first
	case broken.rule == "required":
		q.slug, q.param, q.rule = "missing-param", path, broken.rule
	default:
		q.slug, q.param, q.rule = "invalid-param", path, broken.rule
	}
	w.write(q)
	return q
}

// write encodes the params in one of several equivalent ways, with headers that do not matter.
func (w *fuzzed) write(q *fuzzRequest) {
	text, err := json.Marshal(q.params)
	check(w.t, err)
	q.text = string(text)
	w.encode(q)
	if q.inHeader && q.token != "" {
		scheme := rapid.SampledFrom([]string{"Bearer ", "Bearer ", "bearer ", "BEARER  "}).Draw(w.r, "scheme")
		q.headers = append(q.headers, "Authorization", scheme+q.token)
	}
	parameter := rapid.SampledFrom([]string{"", "", "; charset=utf-8", ";charset=\"UTF-8\"", "; boundary=x"}).Draw(w.r, "content type")
	q.headers = append(q.headers, "Content-Type", q.contentType()+parameter)
	header := rapid.SampledFrom([]string{
		"", "", "", "", "", "", "", "", "X-Forwarded-For: 203.0.113.7, ' OR 1=1", "X-HTTP-Method-Override: DELETE", "Accept: text/html;q=x", "Cookie: token=plas_x",
		"Origin: https://auth.example", "User-Agent: <script>alert(1)</script> https://evil.example/ ünïcode \xff", "Content-Encoding: identity", "Range: bytes=0-1",
		"X-Request-Id: mine", "Host: evil.example", "X-Original-URL: /dev/mail", "Prefer: respond-async",
	}).Draw(w.r, "header")
	if name, value, ok := strings.Cut(header, ": "); ok {
		q.headers = append(q.headers, name, value)
	}
}

// encode turns the text into the body.
func (w *fuzzed) encode(q *fuzzRequest) {
	blank := rapid.SampledFrom([]string{"", "", " \r\n\t"}).Draw(w.r, "white space")
	q.body = []byte(blank + q.text + blank)
	if !q.sensitive() {
		return
	}
	encoding := map[string]*base64.Encoding{
		"usual": base64.StdEncoding, "without padding": base64.RawStdEncoding, "of URLs": base64.URLEncoding, "of URLs without padding": base64.RawURLEncoding,
	}[rapid.SampledFrom([]string{"usual", "without padding", "of URLs", "of URLs without padding"}).Draw(w.r, "base64")]
	q.body = []byte(blank + encoding.EncodeToString(q.body) + blank)
}

// send may be called concurrently.
func (q *fuzzRequest) send(ctx context.Context, e *env, seen *outcomes) (a fuzzAnswer, err error) {
	req, err := http.NewRequestWithContext(ctx, q.method, e.url+q.path, bytes.NewReader(q.body))
	if err != nil {
		return a, err
	}
	for i := 0; i < len(q.headers); i += 2 {
		req.Header.Add(q.headers[i], q.headers[i+1])
	}
	res, err := e.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a.answer = answer{code: res.StatusCode, header: res.Header, text: string(text)}
	json.Unmarshal(text, &a.body)
	a.broken = seen.checkAnswer(req, res, text)
	return a, nil
}
