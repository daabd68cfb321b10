package impl

import (
	"net/http"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen"
)

// TestDeprecatedParams is here and not with the black box because the contract has no deprecated param at
// this time.
func TestDeprecatedParams(t *testing.T) {
	t.Parallel()
	since := &gen.Deprecation{Since: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Sunset: time.Date(2027, 11, 30, 0, 0, 0, 0, time.UTC)}
	op := &gen.Operation{ID: "sessionsCreate", DeprecatedParams: []gen.DeprecatedParam{{Param: "client.fax", Deprecation: since}}}
	for _, row := range []struct {
		what        string
		params      map[string]any
		deprecation string
		sunset      string
	}{
		{"passed", map[string]any{"client": map[string]any{"fax": "1"}}, "@1795392000", "Tue, 30 Nov 2027 00:00:00 GMT"},
		{"not passed", map[string]any{"client": map[string]any{"phone": "1"}}, "", ""},
		{"without its object", map[string]any{"fax": "1"}, "", ""},
		{"with something else for its object", map[string]any{"client": "fax"}, "", ""},
	} {
		header := http.Header{}
		announceDeprecated(op, row.params, header)
		if got := header.Get("Deprecation"); got != row.deprecation {
			t.Errorf("%s: Deprecation is %q", row.what, got)
		}
		if got := header.Get("Sunset"); got != row.sunset {
			t.Errorf("%s: Sunset is %q", row.what, got)
		}
	}
}

// TestTrimParams: white space around addresses and numbers is removed before their length is checked, and nowhere
// else.
func TestTrimParams(t *testing.T) {
	params := map[string]any{
		"email": " ada@example.com\n", "phone": 7, "password": " x ",
		"client": map[string]any{"email": "\u00a0a@example.com", "phone": "1 ", "first_name": " Ada "},
	}
	trimParams(params)
	client := params["client"].(map[string]any)
	if params["email"] != "ada@example.com" || params["phone"] != 7 || params["password"] != " x " || client["email"] != "a@example.com" ||
		client["phone"] != "1" || client["first_name"] != " Ada " {
		t.Errorf("the params are %v", params)
	}
	blank := map[string]any{"email": "  ", "client": "none"}
	if trimParams(blank); blank["email"] != "  " {
		t.Errorf("a blank address becomes %q", blank["email"])
	}
}
