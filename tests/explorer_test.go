package tests

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// testExplorer uses /docs as a new user does: it registers, signs in, authorizes with the token and checks
// the session.
func testExplorer(t *testing.T, chromium context.Context) {
	e := start(t, withSettings(inDevelopment))
	b := openTab(t, chromium, 1200, e.url)
	b.do(chromedp.Navigate(e.url + "/docs"))
	checkOperationList(b)
	b.inspect("explorer")

	const typed = `{"application": "planoorder", "client": {"email": "zoe@example.com", "password": "naïve café № 7", "first_name": "Zoë", "last_name": "Łukasz"}}`
	r, registered := b.try("clientsRegister", typed)
	checkSent(b, r, typed, "")
	if registered.status() != "action-successful" || e.count("users WHERE first_name = 'Zoë'") != 1 || len(e.mandrill.mails()) != 1 {
		t.Fatalf("registering answered %s", registered.text)
	}
	if _, again := b.try("clientsRegister", typed); again.status() != "email-already-registered" {
		t.Errorf("registering again answered %s", again.text)
	}

	if _, refused := b.try("sessionsCreate", `{"email": "zoe@example.com", "password": "wrong", "application": "planoorder"}`); refused.status() != "invalid-password" {
		t.Errorf("a wrong password is answered by %s", refused.text)
	}
	if _, broken := b.try("sessionsCreate", `{"email": `); broken.status() != "invalid-encoded-params" {
		t.Errorf("half a JSON object is answered by %s", broken.text)
	}
	signIn := `{"email": "zoe@example.com", "password": "naïve café № 7", "application": "planoorder"}`
	pasted := base64.StdEncoding.EncodeToString([]byte(signIn))
	if r, signedIn := b.try("sessionsCreate", pasted); r.body() != pasted || signedIn.status() != "action-successful" {
		t.Errorf("what is base64 already was sent as %s and answered by %s", r.body(), signedIn.text)
	}
	r, signedIn := b.try("sessionsCreate", signIn)
	checkSent(b, r, signIn, "")
	b.inspect("explorer-signed-in")

	if _, without := b.try("sessionsRead", `{}`); without.status() != "missing-param" {
		t.Errorf("a session without a token is answered by %s", without.text)
	}
	data, _ := signedIn.body["data"].(map[string]any)
	token, _ := data["token"].(string)
	b.do(click("#operations-sessions-sessionsCreate .use-token"))
	b.shows("#operations-sessions-sessionsCreate .outcome", "All calls send it now.")
	r, read := b.try("sessionsRead", `{"view": "full"}`)
	checkSent(b, r, `{"view": "full"}`, token)
	if got, _ := read.body["data"].(map[string]any); read.status() != "action-successful" || got["id"] != data["id"] {
		t.Errorf("the session is %s", read.text)
	}
	// By hand, as with a token from elsewhere.
	const dialog = ".dialog-ux .auth-container "
	b.do(click(".auth-wrapper .authorize"))
	b.inspect("explorer-dialog")
	b.do(click(dialog+".btn.auth:not(.btn-done)"), fill(dialog+"input", "plas_other"), click(dialog+".authorize"), click(dialog+".btn-done"))
	if _, other := b.try("sessionsRead", `{}`); other.status() != "invalid-token" {
		t.Errorf("a token that is none is answered by %s", other.text)
	}
	if kept := evaluate[string](b, "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"); strings.Contains(kept, token) {
		t.Errorf("the browser keeps the token: %s", kept)
	}
	b.fits()
	b.do(click("#operations-sessions-sessionsRead .outcome a"))
	b.shows("h1", "invalid-token")
}

// checkOperationList compares the operations that the explorer lists with the spec.
func checkOperationList(b *tab) {
	b.t.Helper()
	want := map[string]string{}
	for _, o := range specOperations() {
		want["operations-"+o.op.Tags[0]+"-"+o.id] = o.method + " " + o.path + " " + o.op.Summary
	}
	b.shows(".opblock-summary-description", specOperations()[0].op.Summary)
	listed := evaluate[map[string]string](b, `Object.fromEntries([...document.querySelectorAll('.opblock')].map(block => [block.id,
		['.opblock-summary-method', '.opblock-summary-path', '.opblock-summary-description'].map(part => block.querySelector(part).textContent).join(' ')]))`)
	if !maps.Equal(listed, want) {
		b.t.Errorf("the explorer lists %v, and the spec has %v", listed, want)
	}
}

// try types a body into an operation and executes it. The explorer must show the answer.
func (b *tab) try(id, body string) (*request, answer) {
	b.t.Helper()
	o := specOperations()[slices.IndexFunc(specOperations(), func(o *specOperation) bool { return o.id == id })]
	block := "#operations-" + o.op.Tags[0] + "-" + id + " "
	if !evaluate[bool](b, fmt.Sprintf("document.querySelector(%q) !== null", block+"textarea")) {
		b.do(click(block + ".opblock-summary-control"))
		b.checkExample(o, block)
	}
	r, a := b.call(o, fill(block+"textarea", body), click(block+".execute"))
	b.shows(block+".live-responses-table .response-col_status", fmt.Sprint(a.code))
	b.shows(block+".live-responses-table .response-col_description", `"request_id": "`+a.header.Get("X-Request-Id")+`"`)
	b.shows(block+".live-responses-table .response-col_description", `"status": "`+a.status()+`"`)
	return r, a
}

// checkExample checks that the explorer offers the spec's example, readable by a person.
func (b *tab) checkExample(o *specOperation, block string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(block + "textarea")))
	offered := evaluate[string](b, fmt.Sprintf("document.querySelector(%q).value", block+"textarea"))
	var params map[string]any
	want, _ := json.Marshal(o.example(b.t))
	if err := json.Unmarshal([]byte(offered), &params); err != nil {
		b.t.Errorf("%s offers %q: %v", o.id, offered, err)
	} else if have, _ := json.Marshal(params); string(have) != string(want) {
		b.t.Errorf("%s offers %s, and the spec's example is %s", o.id, have, want)
	}
}

// checkSent compares the request with what was typed.
func checkSent(b *tab, r *request, typed, token string) {
	b.t.Helper()
	contentType, body := "application/json", r.body()
	if strings.HasSuffix(r.Request.URL, "/create") || strings.HasSuffix(r.Request.URL, "/register") {
		decoded, err := base64.StdEncoding.DecodeString(body)
		check(b.t, err)
		contentType, body = "text/plain", string(decoded)
	}
	sent := http.Header{}
	for name, value := range r.Request.Headers {
		sent.Set(name, value.(string))
	}
	if body != typed || sent.Get("Content-Type") != contentType {
		b.t.Errorf("%s was sent as %s, not %s", body, sent.Get("Content-Type"), typed)
	}
	if have, _ := strings.CutPrefix(sent.Get("Authorization"), "Bearer "); have != token {
		b.t.Errorf("the token %q was sent, not %q", have, token)
	}
}
