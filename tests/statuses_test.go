package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// status is a status slug as the catalogue shows it.
type status struct {
	Status, Retry        string
	Code                 int
	RetryAfter, Uncommon bool
	Deprecated           *struct{ Since, Sunset, Reason string }
	Meanings             []struct {
		Message, Meaning, Remedy string
		Operations               []string
	}
}

// TestStatuses compares the catalogue with the spec, both ways.
func TestStatuses(t *testing.T) {
	t.Parallel()
	e := start(t)
	var catalogue struct{ Statuses []json.RawMessage }
	check(t, json.Unmarshal([]byte(get(t, e.url+"/statuses", "")), &catalogue))
	list := e.send("GET", "/statuses", nil, "Accept", "text/html")
	found := map[string]status{}
	for _, raw := range catalogue.Statuses {
		var one status
		check(t, json.Unmarshal([]byte(strings.ReplaceAll(string(raw), "retry_after", "RetryAfter")), &one))
		found[one.Status] = one
		if own := get(t, e.url+"/statuses/"+one.Status, ""); strings.TrimSpace(own) != string(raw) {
			t.Errorf("%s is %s at its own address, and %s in the list", one.Status, own, raw)
		}
		if !strings.Contains(list.text, `<a href="/statuses/`+one.Status+`">`) {
			t.Errorf("the page does not lead to %s", one.Status)
		}
		checkStatusPage(e, one)
	}
	pairs := 0
	for _, one := range found {
		for _, meaning := range one.Meanings {
			for _, operation := range meaning.Operations {
				pairs++
				checkMeaning(t, one, operation, meaning.Message, meaning.Meaning, meaning.Remedy)
			}
		}
	}
	listed := 0
	for _, op := range specOperations() {
		listed += len(op.slugs)
		for slug := range op.slugs {
			if _, there := found[slug]; !there {
				t.Errorf("the catalogue lacks %s", slug)
			}
		}
	}
	if pairs != listed {
		t.Errorf("the catalogue has %d pairs of slug and operation, the spec %d", pairs, listed)
	}
	if a := e.send("GET", "/statuses/email-unknown", nil); a.code != http.StatusNotFound {
		t.Errorf("a slug that is none has a page: %d", a.code)
	}
}

// checkMeaning compares the catalogue's entry of a slug in an operation with the spec.
func checkMeaning(t *testing.T, one status, operation, message, meaning, remedy string) {
	t.Helper()
	at := slices.IndexFunc(specOperations(), func(op *specOperation) bool { return op.id == operation })
	if at < 0 {
		t.Errorf("%s is answered by %s, which is no operation", one.Status, operation)
		return
	}
	for _, response := range specOperations()[at].op.Responses.Map() {
		schema := schemaOf(response.Value.Content["application/json"].Schema.Value, one.Status)
		if schema == nil {
			continue
		}
		text := func(name string) string {
			value, _ := schema.Extensions[name].(string)
			return strings.TrimSpace(value)
		}
		if float64(one.Code) != schema.Properties["code"].Value.Enum[0] || message != schema.Properties["message"].Value.Example ||
			meaning != strings.TrimSpace(schema.Description) || remedy != text("x-remedy") || one.Retry != text("x-retry") ||
			one.Uncommon != (schema.Extensions["x-uncommon"] == true) || (one.Deprecated != nil) != schema.Deprecated ||
			one.RetryAfter != (response.Value.Headers["Retry-After"] != nil) {
			t.Errorf("the catalogue says of %s in %s: %+v", one.Status, operation, one)
		}
		return
	}
	t.Errorf("the spec does not list %s for %s", one.Status, operation)
}

// schemaOf returns the schema of a slug in a oneOf.
func schemaOf(schema *openapi3.Schema, slug string) *openapi3.Schema {
	for _, member := range schema.OneOf {
		if found := schemaOf(member.Value, slug); found != nil {
			return found
		}
	}
	if status := schema.Properties["status"]; status != nil && status.Value.Enum[0] == slug {
		return schema
	}
	return nil
}

func checkStatusPage(e *env, one status) {
	page := e.send("GET", "/statuses/"+one.Status, nil, "Accept", "text/html,*/*;q=0.8")
	expected := []string{"<h1>" + one.Status + "</h1>", fmt.Sprintf("HTTP %d %s", one.Code, http.StatusText(one.Code))}
	for _, meaning := range one.Meanings {
		for _, operation := range meaning.Operations {
			expected = append(expected, operation+"</a>")
		}
	}
	if one.Deprecated != nil {
		expected = append(expected, "Deprecated since")
	}
	for _, text := range expected {
		if !strings.Contains(page.text, text) {
			e.t.Errorf("the page of %s does not say %q", one.Status, text)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); page.code != 200 || !strings.Contains(policy, "default-src 'none'") {
		e.t.Errorf("the page of %s is %d with the policy %q", one.Status, page.code, policy)
	}
}

// TestHelpLink follows the link of a refusal.
func TestHelpLink(t *testing.T) {
	t.Parallel()
	e := start(t)
	refused := e.send("POST", "/api/v1/sessions/read", []byte(`{}`), "Content-Type", "application/json")
	target, rest, _ := strings.Cut(strings.TrimPrefix(refused.header.Get("Link"), "<"), ">")
	if rest != `; rel="help"` {
		t.Fatalf("the link is %q", refused.header.Get("Link"))
	}
	if page := get(t, e.url+target, ""); !strings.Contains(page, `"status":"missing-param"`) {
		t.Errorf("it leads to %s", page)
	}
}
