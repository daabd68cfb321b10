package validation

import (
	"slices"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen"
)

func operation(t *testing.T, id gen.OperationID) *gen.Operation {
	t.Helper()
	at := slices.IndexFunc(gen.Operations, func(op *gen.Operation) bool { return op.ID == id })
	if at < 0 {
		t.Fatal("no operation ", id)
	}
	return gen.Operations[at]
}

// TestParams checks rules and order: missing params first, then the order of the spec, unknown params last.
func TestParams(t *testing.T) {
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	client := func(changes map[string]any) map[string]any {
		params := map[string]any{"email": "ada@example.com", "password": "analytical engine 1843", "first_name": "Ada", "last_name": "Lovelace"}
		for name, value := range changes {
			params[name] = value
		}
		return map[string]any{"application": "planoorder", "client": params}
	}
	register, index := operation(t, gen.OperationClientsRegister), operation(t, gen.OperationSessionsIndex)
	for _, row := range []struct {
		name   string
		op     *gen.Operation
		params map[string]any
		want   string
	}{
		{"everything is right", register, client(nil), ""},
		{"nothing is there", register, map[string]any{}, "application required, client required"},
		{"all that is wrong, in order", register, client(map[string]any{"last_name": "", "email": "ada", "company_id": "7"}),
			"client.email format, client.last_name minLength, client.last_name pattern, client.company_id type"},
		{"missing before wrong", register, map[string]any{"view": "all", "client": map[string]any{}},
			"application required, client.email required, client.password required, client.first_name required, client.last_name required, view enum"},
		{"unknown ones last", register, client(map[string]any{"Email": "x", "email": 7}), "client.email type, client.Email additionalProperties"},
		{"a long unknown name is cut", index, map[string]any{strings.Repeat("é", 70): 1}, strings.Repeat("é", 64) + " additionalProperties"},
		{"an enum of another type is a wrong type", index, map[string]any{"view": int64(1)}, "view type"},
		{"bounds", index, map[string]any{"page": map[string]any{"size": int64(101), "number": int64(0)}}, "page.size maximum, page.number minimum"},
	} {
		found, err := v.Params(row.op, row.params)
		if err != nil {
			t.Fatal(row.name, err)
		}
		var got []string
		for _, e := range Sort(row.op, found) {
			got = append(got, e.Param+" "+string(e.Rule))
			if e.Message == "is not valid" || e.Message == "" {
				t.Errorf("%s: the rule %s has no message", row.name, e.Rule)
			}
		}
		if strings.Join(got, ", ") != row.want {
			t.Errorf("%s: %s", row.name, strings.Join(got, ", "))
		}
	}
}

// TestSecrets checks that no message repeats a value.
func TestSecrets(t *testing.T) {
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2hunter2"
	for _, value := range []any{secret + strings.Repeat("x", 300), []any{secret}, map[string]any{secret: secret}} {
		found, err := v.Params(operation(t, gen.OperationSessionsCreate), map[string]any{"email": secret, "password": value, "application": value})
		if err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
		for _, e := range found {
			if strings.Contains(e.Param+e.Message, secret) {
				t.Errorf("an error repeats the value: %+v", e)
			}
		}
	}
}

func TestComponent(t *testing.T) {
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		schema, text string
		right        bool
	}{
		{"Email", "ada@example.com", true}, {"Email", "ada", false},
		{"Name", "Ada", true}, {"Name", "Ada\nLovelace", false},
		{"RedirectURL", "https://app.example/", true}, {"RedirectURL", "http://app.example/", false},
	} {
		if found, err := v.Component(row.schema, row.text); (len(found) == 0) != row.right || err != nil {
			t.Errorf("%s %q: %v %v", row.schema, row.text, found, err)
		}
	}
}
