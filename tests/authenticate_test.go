package tests

import (
	"strings"
	"testing"
)

func TestTokenOfHeaderAndParam(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	read := func(body string, headers ...string) answer {
		return e.send("POST", "/api/v1/sessions/read", []byte(body), append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	quoted := `{"token":"` + token + `"}`
	last := token[len(token)-1:]
	mistyped := token[:len(token)-1] + map[bool]string{true: "b", false: "a"}[last == "a"]
	rows := []struct {
		name, want, body string
		headers          []string
	}{
		{"header", "action-successful", "{}", bearer(token)},
		{"scheme in lower case", "action-successful", "{}", []string{"Authorization", "bearer " + token}},
		{"param", "action-successful", quoted, nil},
		{"header wins over a bad param", "action-successful", `{"token":"nonsense"}`, bearer(token)},
		{"bad header wins over a good param", "invalid-token", quoted, bearer("nonsense")},
		{"null param is absent", "missing-param", `{"token":null}`, nil},
		{"number", "invalid-token", `{"token":7}`, nil},
		{"object", "invalid-token", `{"token":{}}`, nil},
		{"empty param", "invalid-token", `{"token":""}`, nil},
		{"too long a param", "invalid-token", `{"token":"` + strings.Repeat("a", 201) + `"}`, nil},
		{"number beside a header", "invalid-param", `{"token":7}`, bearer(token)},
		{"another scheme", "invalid-token", "{}", []string{"Authorization", "Basic " + token}},
		{"no token in the header", "invalid-token", "{}", []string{"Authorization", "Bearer"}},
		{"bare token", "invalid-token", "{}", []string{"Authorization", token}},
		{"two headers", "invalid-token", "{}", append(bearer(token), bearer(token)...)},
		{"mistyped", "invalid-token", "{}", bearer(mistyped)},
		{"upper case", "invalid-token", "{}", bearer(strings.ToUpper(token))},
		{"another kind", "invalid-token", "{}", bearer("plaa_" + token[5:])},
		{"cut off", "invalid-token", "{}", bearer(token[:40])},
	}
	for _, row := range rows {
		e.counted.take()
		a := read(row.body, row.headers...)
		if a.status() != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, a.text)
		}
		if asked := e.counted.take(); row.want != "action-successful" && row.want != "invalid-param" && len(asked) > 0 {
			t.Errorf("%s: the database was asked %v", row.name, asked)
		}
		if strings.Contains(e.logs.String(), token[5:20]) {
			t.Fatalf("%s: the log has the token", row.name)
		}
	}
	if e.count("sessions WHERE position($1::bytea IN token_digest) > 0", []byte(token[5:20])) > 0 {
		t.Error("the token itself is stored")
	}
}
