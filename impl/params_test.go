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
