package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// spec is openapi.yaml, parsed by kin-openapi and by no code of PlanoAuth.
var spec = sync.OnceValue(func() *openapi3.T {
	text, err := os.ReadFile("../openapi.yaml")
	if err == nil {
		var doc *openapi3.T
		if doc, err = openapi3.NewLoader().LoadFromData(text); err == nil {
			closeObjects(doc)
			return doc
		}
	}
	panic(err)
})

// closeObjects makes the document stricter than callers may be: an answer with a property that it does not
// describe is wrong. An allOf of several schemas would refuse each other's properties, so there must be none.
func closeObjects(doc *openapi3.T) {
	for name, ref := range doc.Components.Schemas {
		schema := ref.Value
		if len(schema.AllOf) > 1 || len(schema.AllOf) == 1 && schema.Properties != nil {
			panic(name + " is made of several schemas: teach closeObjects to close what they make together")
		}
		if schema.Type.Is("object") {
			schema.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
	}
}

// specOperation is an operation of the spec with the messages of its slugs.
type specOperation struct {
	id, method, path string
	op               *openapi3.Operation
	slugs            map[string]string // slug to message
}

var specOperations = sync.OnceValue(func() []*specOperation {
	var all []*specOperation
	for path, item := range spec().Paths.Map() {
		for method, op := range item.Operations() {
			one := &specOperation{id: op.OperationID, method: method, path: path, op: op, slugs: map[string]string{}}
			for _, response := range op.Responses.Map() {
				one.collect(response.Value.Content["application/json"].Schema.Value)
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *specOperation) int { return strings.Compare(a.id, b.id) })
	return all
})

func (o *specOperation) collect(schema *openapi3.Schema) {
	for _, member := range schema.OneOf {
		o.collect(member.Value)
	}
	if status := schema.Properties["status"]; status != nil {
		o.slugs[status.Value.Enum[0].(string)] = schema.Properties["message"].Value.Example.(string)
	}
}

// recorder checks every answer of every test against the spec, and records its outcome.
type recorder struct {
	t    testing.TB
	next http.RoundTripper
}

func (c *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(req)
	if err != nil || !strings.HasPrefix(req.URL.Path, "/api/v1/") || req.Method == http.MethodOptions || req.Method == http.MethodHead {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := matrix.checkAnswer(req, res, body); err != nil {
		c.t.Errorf("%s %s gave an answer that the spec does not allow: %v\n%s", req.Method, req.URL.Path, err, body)
	}
	return res, nil
}

// checkAnswer checks one answer against the spec, and records it in the matrix.
func (m *outcomes) checkAnswer(req *http.Request, res *http.Response, body []byte) error {
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		return err
	}
	slug, _ := tree["status"].(string)
	var schema *openapi3.Schema
	for _, one := range specOperations() {
		if one.path != req.URL.EscapedPath() || one.method != req.Method && slug != "route-non-existent" {
			continue
		}
		if slug == "route-non-existent" && one.method == req.Method {
			return fmt.Errorf("%s exists", one.id)
		}
		message, listed := one.slugs[slug]
		if !listed {
			return fmt.Errorf("openapi.yaml does not list %q for %s: list it there, or answer another slug", slug, one.id)
		}
		if tree["message"] != message {
			return fmt.Errorf("the message is not the spec's: %q", message)
		}
		response := one.op.Responses.Status(res.StatusCode)
		if response == nil {
			return fmt.Errorf("openapi.yaml does not list the code %d for %s: list it there, or answer another", res.StatusCode, one.id)
		}
		schema = response.Value.Content["application/json"].Schema.Value
		m.record(one.id, slug)
	}
	if schema == nil { // no operation has this path
		schema = spec().Components.Schemas["RouteNonExistent"].Value
	}
	if err := schema.VisitJSON(tree, openapi3.MultiErrors(), openapi3.VisitAsResponse(), openapi3.EnableFormatValidation()); err != nil {
		return err
	}
	return checkEnvelope(res, tree)
}

func checkEnvelope(res *http.Response, tree map[string]any) error {
	header := func(name, value string) error {
		if got := res.Header.Get(name); got != value {
			return fmt.Errorf("the header %s is %q, not %q", name, got, value)
		}
		return nil
	}
	if code, _ := tree["code"].(float64); int(code) != res.StatusCode {
		return fmt.Errorf("code is %v but the HTTP status %d", code, res.StatusCode)
	}
	id, _ := tree["request_id"].(string)
	checks := []error{
		header("Content-Type", "application/json"), header("X-Request-Id", id), header("Cache-Control", "no-store"),
		header("X-Content-Type-Options", "nosniff"),
	}
	slug, _ := tree["status"].(string)
	help := ""
	if res.StatusCode >= 400 {
		help = "</statuses/" + slug + `>; rel="help"`
	}
	since, sunset := deprecated(slug)
	checks = append(checks, header("Link", help), header("Deprecation", since), header("Sunset", sunset))
	if res.StatusCode == http.StatusUnauthorized {
		checks = append(checks, header("WWW-Authenticate", "Bearer"))
	}
	if retry := res.Header.Get("Retry-After"); (retry == "") == (res.StatusCode == 429 || res.StatusCode == 503) {
		checks = append(checks, fmt.Errorf("Retry-After is %q", retry))
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return checkValues("", tree)
}

// deprecated returns the headers of a slug that is deprecated in the spec.
func deprecated(slug string) (since, sunset string) {
	for _, schema := range spec().Components.Schemas {
		status := schema.Value.Properties["status"]
		if !schema.Value.Deprecated || status == nil || status.Value.Enum[0] != slug {
			continue
		}
		date := func(name string) time.Time {
			day, err := time.Parse(time.DateOnly, schema.Value.Extensions[name].(string))
			if err != nil {
				panic(err)
			}
			return day
		}
		return fmt.Sprintf("@%d", date("x-deprecated-since").Unix()), date("x-sunset").Format(http.TimeFormat)
	}
	return "", ""
}

// timeForm is RFC 3339 in UTC with milliseconds.
var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// checkValues finds nulls at any depth, and times in another format.
func checkValues(name string, value any) error {
	switch value := value.(type) {
	case nil:
		return fmt.Errorf("%s is null", name)
	case string:
		if strings.HasSuffix(name, "_at") && !timeForm.MatchString(value) {
			return fmt.Errorf("%s has another time format than the spec: %s", name, value)
		}
	case map[string]any:
		for name, member := range value {
			if err := checkValues(name, member); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range value {
			if err := checkValues(name, item); err != nil {
				return err
			}
		}
	}
	return nil
}
