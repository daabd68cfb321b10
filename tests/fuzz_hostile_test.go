package tests

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// hostile draws a request that breaks a rule of a step before validation.
func (w *fuzzed) hostile() *fuzzRequest {
	q := w.valid()
	q.param, q.withoutParams = "", true
	switch rapid.SampledFrom([]string{"text", "text", "body", "body", "content type", "authorization", "origin", "route"}).Draw(w.r, "damage to") {
	case "text":
		w.damageText(q)
	case "body":
		w.damageBody(q)
	case "content type":
		w.damageContentType(q)
	case "authorization":
		w.damageAuthorization(q)
	case "origin":
		q.slug, q.damage = "origin-not-allowed", rapid.SampledFrom([]string{"null", "", "https://evil.example", "https://auth.example:8443", "https://auth.example/", "%"}).Draw(w.r, "origin")
		q.headers = append(q.headers, "Origin", q.damage)
	case "route":
		w.damageRoute(q)
	}
	return q
}

// badMembers are members that no JSON object may have.
var badMembers = []string{
	`"x":1,"x":1`, `"x":1,"\u0078":1`, `"x":null,"x":null`, `"x":{"y":1,"y":2}`, `"x":"\u0000"`, `"\u0000":1`, `"x":"\ud800"`, `"x":"\udc00\ud800"`,
	"\"x\":\"\xff\"", "\"\xc3\x28\":1", "\"x\":\"\xed\xa0\x80\"", "\"x\":\"\xc0\xaf\"", "\"x\":\"\x00\"", "\"x\":\"\n\"", "\x00", `"x":NaN`, `"x":01`, `"x":+1`,
	`"x":.5`, `"x":1.`, `"x":0x1`, `"x":Infinity`, `"x":undefined`, `'x':1`, `x:1`, `"x" 1`, `"x"`, `"x":`, `"x":1,`, `,"x":1`, `/**/"x":1`, `"x":"\x41"`, `"x":"\u12"`,
	`"x":tru`, `"x":[1,]`, `"x":[1 2]`, `"x":(1)`, "\u00a0\"x\":1", `"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16),
	`"x":` + strings.Repeat(`{"x":`, 16) + "1" + strings.Repeat("}", 16), `"x":` + strings.Repeat("[", 9000),
}

// damageText turns the text into something other than one JSON object.
func (w *fuzzed) damageText(q *fuzzRequest) {
	whole := q.text
	q.slug = "invalid-encoded-params"
	switch q.damage = rapid.SampledFrom([]string{"a bad member", "cut off", "something else", "nothing"}).Draw(w.r, "text"); q.damage {
	case "a bad member":
		member := rapid.SampledFrom(badMembers).Draw(w.r, "member")
		if q.text = "{" + member + "}"; whole != "{}" {
			q.text = "{" + member + "," + whole[1:]
		}
	case "cut off":
		q.text = whole[:rapid.IntRange(1, len(whole)-1).Draw(w.r, "after")]
	case "something else":
		q.text = rapid.SampledFrom([]string{
			whole + "{}", whole + ",", whole + "x", whole + whole, whole + "\x00", "\ufeff" + whole, "[" + whole + "]", strconv.Quote(whole), "null", "1", "true", `"x"`, "x",
			"email=ada@example.com&password=x", "<?xml version='1.0'?><a/>", "\xff\xfe{\x00}\x00", whole[1:], "{" + whole, "\x00", "(" + whole + ")", "{}" + whole,
		}).Draw(w.r, "instead")
	default:
		q.slug, q.text = "no-params-decoded", rapid.SampledFrom([]string{"", " ", "\r\n\t \v\f"}).Draw(w.r, "nothing")
	}
	w.encode(q)
}

// damageBody breaks the encoding of the text.
func (w *fuzzed) damageBody(q *fuzzRequest) {
	const most = 64 << 10
	q.slug = "invalid-encoded-params"
	kinds := []string{"too large", "barely too large", "the other encoding"}
	if q.sensitive() {
		kinds = append(kinds, "a wrong character", "both alphabets", "padding", "a single character")
	}
	middle := func(text string) []byte {
		at := rapid.IntRange(0, len(q.body)).Draw(w.r, "at")
		return bytes.Join([][]byte{q.body[:at], []byte(text), q.body[at:]}, nil)
	}
	switch q.damage = rapid.SampledFrom(kinds).Draw(w.r, "body"); q.damage {
	case "too large":
		q.slug, q.body = "request-too-large", append(q.body, bytes.Repeat([]byte("a"), most)...)
	case "barely too large":
		q.slug, q.body = "request-too-large", append(bytes.Repeat([]byte(" "), most+1-len(q.body)), q.body...)
	case "the other encoding":
		if q.body = []byte(q.text); !q.sensitive() {
			q.body = []byte(base64.StdEncoding.EncodeToString(q.body))
		}
	case "a wrong character":
		q.body = middle(rapid.SampledFrom([]string{"!", "\x00", "ä", ".", "*", "%3D", "\u00a0", "\xff"}).Draw(w.r, "character"))
	case "both alphabets":
		q.body = middle("+/-_")
	case "padding":
		q.body = append(q.body, "==="...)
	case "a single character":
		q.body = []byte(rapid.SampledFrom([]string{"e", "ey=", "===", "=", "e===", "eyI=="}).Draw(w.r, "characters"))
	}
}

// damageContentType sends another content type.
func (w *fuzzed) damageContentType(q *fuzzRequest) {
	right, wrong := q.contentType(), map[bool]string{true: "application/json", false: "text/plain"}[q.sensitive()]
	q.slug, q.damage = "invalid-content-type", "another content type"
	q.headers = q.without("Content-Type")
	all := [][]string{
		{}, {"Content-Type", ""}, {"Content-Type", wrong}, {"Content-Type", right + "; charset=latin1"}, {"Content-Type", right + "; charset=utf-16"},
		{"Content-Type", right + ", " + wrong}, {"Content-Type", right, "Content-Type", right}, {"Content-Type", wrong, "Content-Type", right},
		{"Content-Type", "multipart/form-data"}, {"Content-Type", right + "x"}, {"Content-Type", "*/*"}, {"Content-Type", right + "; charset"}, {"Content-Type", "/"},
		{"Content-Type", right, "Content-Encoding", "gzip"}, {"Content-Type", right, "Content-Encoding", "br"}, {"Content-Type", strings.Repeat("a", 9000)},
	}
	q.headers = append(q.headers, rapid.SampledFrom(all).Draw(w.r, "content type")...)
}

// damageAuthorization presents a token in an invalid way.
func (w *fuzzed) damageAuthorization(q *fuzzRequest) {
	q.slug, q.damage = "invalid-token", "another authorization"
	q.headers = q.without("Authorization")
	token := newestOf(q.who.values["token"], "plas_x")
	all := [][]string{
		{""}, {"Bearer"}, {"Bearer "}, {"Basic " + token}, {token}, {"Bearer:" + token}, {"Bearer " + token + "," + token}, {"Bearer " + token, "Bearer " + token},
		{"Bearer \"" + token + "\""}, {"Bearer\u00a0" + token}, {"Bearer ' OR 1=1 --"}, {"Bearer " + strings.Repeat("a", 20000)}, {"Token token=" + token}, {"Bearer null"},
		{"Bearer " + token[:len(token)-1]}, {"Bearer " + token + "a"}, {"Bearer \xff"}, {"Bearer plaa_" + token[5:]}, {"Bearer plal_" + token[5:]},
	}
	for _, value := range rapid.SampledFrom(all).Draw(w.r, "authorization") {
		q.headers = append(q.headers, "Authorization", value)
	}
}

// damageRoute asks for a route that does not exist.
func (w *fuzzed) damageRoute(q *fuzzRequest) {
	q.slug = "route-non-existent"
	if rapid.Bool().Draw(w.r, "method") {
		methods := []string{"GET", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", strings.ToLower(q.method), map[string]string{"POST": "PUT", "PUT": "POST"}[q.method]}
		q.method = rapid.SampledFrom(methods).Draw(w.r, "method")
		q.damage = "another method"
		return
	}
	action := q.path[strings.LastIndexByte(q.path, '/')+1:]
	q.damage, q.path = "another path", rapid.SampledFrom([]string{
		q.path + "/", q.path + "%00", q.path + "x", "/api/v1/S" + q.path[9:], strings.Replace(q.path, action, strings.ToUpper(action), 1), q.path + ";a=b",
		strings.Replace(q.path, "/api/v1/", "/api/v1//", 1), strings.Replace(q.path, action, "%"+strconv.FormatInt(int64(action[0]), 16)+action[1:], 1),
		q.path + "/../" + action, "/api/v1/../v1" + q.path[7:], "/api/v1/%2e%2e/" + action, "/api/v1/' OR 1=1 --", "/api/v1/" + strings.Repeat("a", 5000), q.path + "%ff",
		"/api/v1/" + action, q.path + "%2f", "/api/v1/{{.}}/" + action,
	}).Draw(w.r, "path")
}

// without returns the headers of a request except one.
func (q *fuzzRequest) without(name string) (others []string) {
	for i := 0; i < len(q.headers); i += 2 {
		if q.headers[i] != name {
			others = append(others, q.headers[i], q.headers[i+1])
		}
	}
	return others
}
