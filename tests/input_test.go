package tests

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const createPath = "/api/v1/sessions/create"

// signInText returns the JSON of a sign-in with an unknown address, and more members if wanted.
func signInText(more string) string {
	return `{"email":"nobody@example.com","password":"x","application":"planoorder"` + more + `}`
}

// TestContentTypes sends sensitive and other bodies with many content types.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	e := start(t)
	const refused, good, fine = "invalid-content-type", "email-not-found", "missing-param"
	rows := []struct {
		name, path, want string
		headers          []string
	}{
		{"text/plain", createPath, good, []string{"Content-Type", "text/plain"}},
		{"upper case", createPath, good, []string{"Content-Type", "TEXT/Plain"}},
		{"charset", createPath, good, []string{"Content-Type", "text/plain; charset=utf-8"}},
		{"quoted charset in upper case", createPath, good, []string{"Content-Type", `text/plain;charset="UTF-8"`}},
		{"another charset", createPath, refused, []string{"Content-Type", "text/plain; charset=latin1"}},
		{"an empty charset", createPath, refused, []string{"Content-Type", `text/plain; charset=""`}},
		{"two charsets", createPath, refused, []string{"Content-Type", "text/plain; charset=utf-8; charset=latin1"}},
		{"none", createPath, refused, nil},
		{"empty", createPath, refused, []string{"Content-Type", ""}},
		{"two headers", createPath, refused, []string{"Content-Type", "text/plain", "Content-Type", "text/plain"}},
		{"a list", createPath, refused, []string{"Content-Type", "text/plain, text/plain"}},
		{"JSON where it is sensitive", createPath, refused, []string{"Content-Type", "application/json"}},
		{"a form", createPath, refused, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"gzip", createPath, refused, []string{"Content-Type", "text/plain", "Content-Encoding", "gzip"}},
		{"two encodings", createPath, refused, []string{"Content-Type", "text/plain", "Content-Encoding", "identity", "Content-Encoding", "gzip"}},
		{"identity", createPath, good, []string{"Content-Type", "text/plain", "Content-Encoding", "identity"}},
		{"text where it is not sensitive", "/api/v1/sessions/read", refused, []string{"Content-Type", "text/plain"}},
		{"JSON", "/api/v1/sessions/read", fine, []string{"Content-Type", "application/json"}},
		{"JSON with a charset", "/api/v1/sessions/read", fine, []string{"Content-Type", "application/json; charset=UTF-8"}},
		{"JSON of another kind", "/api/v1/sessions/read", refused, []string{"Content-Type", "application/problem+json"}},
		{"Accept is ignored", createPath, good, []string{"Content-Type", "text/plain", "Accept", "text/html"}},
	}
	for _, row := range rows {
		body := []byte("{}")
		if row.path == createPath {
			body = b64(signInText(""))
		}
		if a := e.send("POST", row.path, body, row.headers...); a.status() != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, a.text)
		}
	}
}

// TestBase64 sends the same sign-in in many encodings.
func TestBase64(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL("UPDATE applications SET url = 'https://auth.example' WHERE slug = 'planoorder'"))
	const good, refused, empty = "email-not-found", "invalid-encoded-params", "no-params-decoded"
	// The encodings of this text have + and / or - and _, and padding.
	text := signInText(`,"redirect_url":"https://auth.example/?????>>>>>>"`)
	for !strings.HasSuffix(base64.StdEncoding.EncodeToString([]byte(text)), "==") {
		text += " "
	}
	std, url := base64.StdEncoding.EncodeToString([]byte(text)), base64.URLEncoding.EncodeToString([]byte(text))
	if !strings.ContainsAny(std, "+/") || strings.Count(std, "/") < 2 {
		t.Fatalf("the text does not use the alphabet: %s", std)
	}
	rows := []struct{ name, want, body string }{
		{"standard", good, std},
		{"standard without padding", good, strings.TrimRight(std, "=")},
		{"URL", good, url},
		{"URL without padding", good, strings.TrimRight(url, "=")},
		{"white space anywhere", good, " \r\n" + std[:7] + "\t\n " + std[7:] + "\r\n"},
		{"lines of 76", good, std[:76] + "\r\n" + std[76:152] + "\r\n" + std[152:]},
		{"both alphabets", refused, strings.Replace(std, "/", "_", 1)},
		{"half the padding", refused, strings.TrimSuffix(std, "=")},
		{"three paddings", refused, std + "="},
		{"nothing", empty, ""},
		{"padding only", refused, "=="},
		{"padding in the middle", refused, std[:8] + "==" + std[8:]},
		{"cut by one", refused, strings.TrimRight(std, "=")[:len(strings.TrimRight(std, "="))-1]},
		{"cut by a group", refused, std[:len(std)-8]},
		{"a letter more", refused, strings.TrimRight(std, "=") + "AAA"},
		{"a foreign character", refused, std[:5] + "!" + std[6:]},
		{"a NUL in it", refused, std[:5] + "\x00" + std[5:]},
		{"Unicode white space", refused, std[:4] + "\u00a0" + std[4:]},
		{"JSON, not encoded", refused, text},
		{"encoded twice", refused, base64.StdEncoding.EncodeToString([]byte(std))},
		{"white space encoded", empty, base64.StdEncoding.EncodeToString([]byte(" \n\t "))},
		{"an empty object", empty, base64.StdEncoding.EncodeToString([]byte("{ }"))},
	}
	for _, row := range rows {
		if a := e.send("POST", createPath, []byte(row.body), "Content-Type", "text/plain"); a.status() != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, a.text)
		}
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte(std))
	w.Close()
	if a := e.send("POST", createPath, zipped.Bytes(), "Content-Type", "text/plain"); a.status() != refused {
		t.Errorf("gzip without saying so: %s", a.text)
	}
}

// TestJSON sends texts that are not quite one JSON object, encoded and plain.
func TestJSON(t *testing.T) {
	t.Parallel()
	e := start(t)
	const refused, empty, unknown = "invalid-encoded-params", "no-params-decoded", "invalid-param"
	nested := func(depth int) string { // levels, the object itself included
		return `{"x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
	}
	token := e.signIn(e.user(person{client: true}))
	rows := []struct{ name, want, text string }{
		{"an empty object", "action-successful", `{}`},
		{"white space around it", "action-successful", "\r\n\t {} \n"},
		{"nothing", empty, ""},
		{"form feed, which is no JSON but white space", empty, "\f\v"},
		{"null", refused, `null`},
		{"an array", refused, `[]`},
		{"a string", refused, `"x"`},
		{"a number", refused, `7`},
		{"a bare word", refused, `x`},
		{"cut off", refused, `{"x":1`},
		{"two objects", refused, `{}{}`},
		{"trailing bytes", refused, `{} x`},
		{"a trailing NUL", refused, "{}\x00"},
		{"a trailing comma", refused, `{"x":1,}`},
		{"a comment", refused, `{} // x`},
		{"single quotes", refused, `{'x':1}`},
		{"a byte order mark", refused, "\ufeff{}"},
		{"duplicate names", refused, `{"x":1,"x":1}`},
		{"duplicate names in other spellings", refused, `{"x":1,"\u0078":1}`},
		{"duplicate names deep down", refused, `{"x":[{"y":{"z":1,"z":2}}]}`},
		{"duplicate nulls", refused, `{"x":null,"x":null}`},
		{"a raw NUL", refused, "{\"x\":\"\x00\"}"},
		{"an escaped NUL", refused, `{"x":"\u0000"}`},
		{"an escaped NUL in a name", refused, `{"\u0000":1}`},
		{"invalid UTF-8", refused, "{\"x\":\"\xff\"}"},
		{"invalid UTF-8 in a name", refused, "{\"\xc3\x28\":1}"},
		{"an overlong encoding", refused, "{\"x\":\"\xc0\xaf\"}"},
		{"a raw surrogate", refused, "{\"x\":\"\xed\xa0\x80\"}"},
		{"a lone surrogate", refused, `{"x":"\ud800"}`},
		{"surrogates in the wrong order", refused, `{"x":"\udc00\ud800"}`},
		{"a pair of surrogates", unknown, `{"x":"\ud83d\ude00"}`},
		{"a raw control character", refused, "{\"x\":\"\n\"}"},
		{"NaN", refused, `{"x":NaN}`},
		{"a leading zero", refused, `{"x":01}`},
		{"a huge number", unknown, `{"x":1e999}`},
		{"16 levels", unknown, nested(16)},
		{"17 levels", refused, nested(17)},
		{"10,000 levels", refused, strings.Repeat(`{"x":`, 5000) + "1" + strings.Repeat("}", 5000)},
		{"a null param", "action-successful", `{"view":null}`},
		{"an unknown param that is null, in an array in an unknown param", unknown, `{"x":[{"y":null}]}`},
		{"an unknown param that is null", "action-successful", `{"x":null}`},
		{"another case", unknown, `{"View":"full"}`},
		{"a wrong type", unknown, `{"view":7}`},
		{"a wrong value", unknown, `{"view":"FULL"}`},
		{"an empty value", unknown, `{"view":""}`},
	}
	for _, row := range rows {
		a := e.send("POST", "/api/v1/sessions/read", []byte(row.text), append([]string{"Content-Type", "application/json"}, bearer(token)...)...)
		if a.status() != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, a.text)
		}
		want := row.want
		if want == "action-successful" { // the sign-in needs params
			want = map[bool]string{true: empty, false: "missing-param"}[strings.TrimSpace(row.text) == "{}"]
		}
		if want == unknown {
			want = "missing-param"
		}
		if a := e.send("POST", createPath, b64(row.text), "Content-Type", "text/plain"); a.status() != want {
			t.Errorf("%s, sensitive: want %s, have %s", row.name, want, a.text)
		}
	}
}

// TestSize tests the limit of 64 KiB.
func TestSize(t *testing.T) {
	t.Parallel()
	e := start(t)
	pad := func(size int) []byte {
		body := []byte(`{"x":""}`)
		return bytes.Replace(body, []byte(`""`), []byte(`"`+strings.Repeat("a", size-len(body))+`"`), 1)
	}
	for size, want := range map[int]string{64 << 10: "missing-param", 64<<10 + 4: "request-too-large"} { // base64 as sent counts
		text := bytes.Repeat([]byte(" "), 48<<10-2)
		body := append(b64("{\"x\":1}"+string(text[:48<<10-9])+"  "), bytes.Repeat([]byte(" "), size-64<<10)...)
		if a := e.send("POST", createPath, body, "Content-Type", "text/plain"); len(body) != size || a.status() != want {
			t.Errorf("%d bytes of base64, %d wanted: want %s, have %s", len(body), size, want, a.text)
		}
	}
	chunked, err := http.NewRequest("POST", e.url+"/api/v1/sessions/read", io.MultiReader(bytes.NewReader(pad(64<<10+1))))
	check(t, err)
	chunked.Header.Set("Content-Type", "application/json")
	res, err := e.http.Do(chunked)
	check(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a chunked body of 64 KiB and a byte is answered with %d", res.StatusCode)
	}
	for size, want := range map[int]string{64 << 10: "missing-param", 64<<10 + 1: "request-too-large", 10 << 20: "request-too-large"} {
		a, err := e.trySend(t.Context(), "POST", "/api/v1/sessions/read", pad(size), "Content-Type", "application/json")
		if err != nil && size > 1<<20 {
			continue // the server closes the connection before it has read all that
		}
		check(t, err)
		if a.status() != want {
			t.Errorf("%d bytes: want %s, have %s", size, want, a.text)
		}
	}
}

// TestParamErrors: an answer lists all errors, missing params first, the others in the order of the spec, and
// never a value.
func TestParamErrors(t *testing.T) {
	t.Parallel()
	e := start(t)
	many := `"x0":1`
	for i := 1; i < 100; i++ {
		many += fmt.Sprintf(`,"x%d":1`, i)
	}
	long := strings.Repeat("n", 100)
	rows := []struct{ name, path, want, errors, text string }{
		{"nothing of what is required", createPath, "missing-param", "email required, password required, application required", `{"view":"full"}`},
		{"null is absent", createPath, "missing-param", "password required", `{"email":"a@example.com","password":null,"application":"planoorder"}`},
		{"null is absent at any depth", "/api/v1/clients/register", "missing-param", "client.password required, client.last_name required",
			`{"application":"planoorder","client":{"email":"a@example.com","password":null,"first_name":"x","last_name":null,"phone":null,"nick":null}}`},
		{"missing and wrong", createPath, "missing-param", "password required, email format, view enum, zzz additionalProperties",
			`{"zzz":1,"view":"x","application":"planoorder","email":"x"}`},
		{"wrong types", createPath, "invalid-param", "email type, password type, application type, view type",
			`{"view":[],"application":{},"password":1,"email":true}`},
		{"empty", createPath, "invalid-param", "email minLength, email format, password minLength, application minLength, redirect_url minLength, redirect_url format",
			`{"email":"","password":"","application":"","redirect_url":""}`},
		{"nested", "/api/v1/clients/register", "missing-param", "client.password required, client.first_name required, client.last_name required, enterprise type, client.email format, client.company_id type, client.nick additionalProperties",
			`{"application":"planoorder","enterprise":"yes","client":{"email":"x","company_id":"7","nick":"x"}}`},
		{"a client that is no object", "/api/v1/clients/register", "invalid-param", "client type", `{"application":"planoorder","client":"Grace"}`},
		{"a fraction and a number that is too large", "/api/v1/clients/register", "invalid-param", "client.company_id type",
			`{"application":"planoorder","client":{"email":"a@example.com","password":"x","first_name":"x","last_name":"x","company_id":1.5}}`},
		{"a number that is too large", "/api/v1/clients/register", "invalid-param", "client.company_id maximum",
			`{"application":"planoorder","client":{"email":"a@example.com","password":"x","first_name":"x","last_name":"x","company_id":9007199254740993}}`},
		{"a million is a whole number", "/api/v1/clients/register", "invalid-param", "client.company_id exists",
			`{"application":"planoorder","client":{"email":"a@example.com","password":"x","first_name":"x","last_name":"x","company_id":1e6}}`},
		{"and so is the largest id", "/api/v1/clients/register", "invalid-param", "client.company_id exists",
			`{"application":"planoorder","client":{"email":"a@example.com","password":"x","first_name":"x","last_name":"x","company_id":9007199254740991}}`},
		{"numbers that are no longer numbers", "/api/v1/clients/register", "invalid-param", "view type, client.email type, client.company_id format, client.company_id maximum",
			`{"application":"planoorder","view":1e999,"client":{"email":-1e999,"password":"x","first_name":"x","last_name":"x","company_id":1e999}}`},
		{"a long unknown name", createPath, "invalid-param", long[:64] + " additionalProperties", signInText(`,"` + long + `":1`)},
		{"an unknown name with quotes", createPath, "invalid-param", `a"b additionalProperties`, signInText(`,"a\"b":1`)},
	}
	for _, row := range rows {
		a := e.send("POST", row.path, b64(row.text), "Content-Type", "text/plain")
		if a.status() != row.want || a.params() != row.errors {
			t.Errorf("%s: want %s (%s), have %s (%s)", row.name, row.want, row.errors, a.status(), a.params())
		}
	}
	a := e.send("POST", createPath, b64(signInText(","+many)), "Content-Type", "text/plain")
	if errors, _ := a.body["errors"].([]any); len(errors) != 50 || a.status() != "invalid-param" {
		t.Errorf("100 unknown params: %s", a.text)
	}
	secret := "hunter2-Überraschung"
	for _, text := range []string{
		`{"email":"` + secret + `","password":["` + secret + `"],"application":{"x":"` + secret + `"},"view":"` + secret + `","redirect_url":"` + secret + `"}`,
		`{"email":"a@example.com","password":"` + secret + `","application":"` + secret + `"}`,
		`{"email":"a@example.com","password":"` + secret + strings.Repeat("x", 300) + `","application":"planoorder"}`,
	} {
		a := e.send("POST", createPath, b64(text), "Content-Type", "text/plain")
		if strings.Contains(a.text, "hunter2") || a.code != 400 {
			t.Errorf("the answer repeats a value: %s", a.text)
		}
	}
	if strings.Contains(e.logs.String(), "hunter2") {
		t.Error("the log has a password")
	}
}

// fuzzed turns the fuzzer's bytes into a request.
const (
	fuzzEncoded    = 1 << iota // base64 on sensitive operations
	fuzzClient                 // a client's token
	fuzzRecordless             // the token of a user without records
)

// FuzzHandler sends any bytes to any operation: the answer is never a 5xx, and obeys the spec, which the
// transport checks.
func FuzzHandler(f *testing.F) {
	for i, o := range specOperations() {
		example, err := json.Marshal(o.example(f))
		check(f, err)
		for how := range 1 << 3 {
			f.Add(uint8(i), uint8(how), o.contentType(), "", example)
		}
		f.Add(uint8(i), uint8(0), o.contentType(), "Bearer x", []byte("{}"))
	}
	f.Add(uint8(0), uint8(0), "text/plain", "", []byte("eyJhIjoxfQ=="))
	e := start(f)
	aClient, noRecord := e.signIn(e.user(person{client: true})), e.signIn(e.user(person{}))
	f.Fuzz(func(t *testing.T, operation, how uint8, contentType, authorization string, body []byte) {
		o := specOperations()[int(operation)%len(specOperations())]
		headers := []string{"Content-Type", contentType}
		switch {
		case strings.ContainsFunc(contentType+authorization, func(r rune) bool { return r < ' ' || r == 0x7f }):
			t.Skip("not a header")
		case authorization != "":
			headers = append(headers, "Authorization", authorization)
		case how&fuzzClient != 0:
			headers = append(headers, bearer(aClient)...)
		case how&fuzzRecordless != 0:
			headers = append(headers, bearer(noRecord)...)
		}
		if how&fuzzEncoded != 0 && o.sensitive() {
			body = b64(string(body))
		}
		a, err := e.trySend(t.Context(), o.method, o.path, body, headers...)
		check(t, err)
		if a.code >= 500 {
			t.Errorf("%s answers %s", o.id, a.text)
		}
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(a.text), &members) != nil || len(members) < 4 {
			t.Errorf("%s answers %s", o.id, a.text)
		}
	})
}
