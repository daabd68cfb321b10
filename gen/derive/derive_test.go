package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares all that derive writes from testdata/openapi.yaml with testdata/golden.
func TestGolden(t *testing.T) {
	completed, files, err := derive(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	delete(files, "openapi.gen.yaml")
	files["openapi.yaml"] = completed
	for name, have := range files {
		path := filepath.Join("testdata/golden", filepath.Base(name))
		if *update {
			if err := os.WriteFile(path, have, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s differs: run 'go test ./gen/derive -update' and look at what git shows", path)
		}
	}
	again, _, err := derive(completed)
	if err != nil || !bytes.Equal(again, completed) {
		t.Errorf("the completed spec is not complete: %v\n%s", err, again)
	}
}

func golden(t *testing.T) []byte {
	text, err := os.ReadFile("testdata/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// refusals are the edits of testdata/openapi.yaml, each from one text to another, that derive refuses.
var refusals = []struct{ name, from, to, says string }{
	{"a reference to nothing", "schemas/ThingList'}", "schemas/Things'}", `"Things" not found`},
	{"a key twice", "x-remedy: Wait.", "x-remedy: Wait.\n      x-remedy: Wait.", "x-remedy"},
	{"an alias", "summary: A thing", "summary: &a A thing\n                description: *a", "aliases are not supported"},
	{"a plain text with a colon within braces", "example: Ada}", "example: a:b}", `quote "a:b"`},
	{"a date without quotes", "x-sunset: '2027-11-30'\n", "x-sunset: 2027-11-30\n", `quote "2027-11-30"`},

	{"two methods of a path", "    put:\n", "    summary: Things\n    put:\n", "needs one method and nothing else"},
	{"no operationId", "      operationId: thingsIndex\n", "", "put /api/v1/things/index: has no operationId"},
	{"two tags", "tags: [things]", "tags: [things, others]", "has 2 tags, but needs one"},
	{"no x-token", "      x-token: {kinds: [session], required: true}\n", "", "has no x-token"},
	{"an unknown kind of audit event", "x-audit: read", "x-audit: write", `x-audit is "write"`},
	{"an application of no session", "{slug: things, for: employee, param: page}", "{for: employee}", "x-application needs a slug"},
	{"an application for an unknown param", "param: page", "param: size", `x-application has the param "size"`},
	{"an unknown kind of token", "kinds: [session]", "kinds: [cookie]", `x-token has the kind "cookie"`},
	{"security that asks for a token first where none is required", "security: [{}, {bearer: []}]", "security: [{bearer: []}, {}]", "must be [{}, {bearer: []}]"},
	{"security that asks for none first where one is required", "      security: [{bearer: []}, {}]\n", "", "must be [{bearer: []}, {}]"},
	{"a sensitive operation that takes JSON", "          text/plain:\n", "          application/json:\n", "must take text/plain and nothing else"},
	{"another one that takes text", "          application/json:\n            schema: {$ref: '#/components/schemas/ThingsIndexParams'}", "          text/plain:\n            schema: {type: string}", "must take application/json and nothing else"},
	{"a sensitive operation without x-decoded-schema", "              x-decoded-schema: {$ref: '#/components/schemas/ThingsCreateParams'}\n", "", "needs x-decoded-schema"},
	{"a sensitive operation whose params generators leave out", "              not: {$ref: '#/components/schemas/ThingsCreateParams'}\n", "", "and the same in not"},
	{"params without a schema of their own", "schema: {$ref: '#/components/schemas/ThingsIndexParams'}", "schema: {type: object}", "need a schema of their own"},
	{"a sensitive operation without an example", "      example: {thing: {name: Łukasz <1>}}\n", "", "its params need an example"},
	{"a body in braces", "              thing:\n                summary: A thing\n", "              thing: {summary: A thing}\n", "without braces"},
	{"pages without a largest one", "minimum: 1, maximum: 100", "minimum: 1", "needs page.size with a maximum"},

	{"an outcome without a slug", "enum: [rate-limit-exceeded]", "enum: [a, b]", `"RateLimitExceeded" is not an outcome`},
	{"an outcome without a message", ", example: There were too many requests.", "", "RateLimitExceeded: message needs an example"},
	{"an outcome without a remedy", "      x-remedy: Wait.\n", "", "RateLimitExceeded needs a description"},
	{"an outcome that is to be retried some day", "x-retry: later", "x-retry: perhaps", "x-retry (never or later)"},
	{"an outcome under another code", "        '429': {", "        '430': {", "RateLimitExceeded has the code 429 but stands under 430"},
	{"a group of outcomes", "    ThingExists:\n", "    ThingExists:\n      oneOf: [{$ref: '#/components/schemas/InvalidParam'}]\n    Old:\n", `"ThingExists" is not an outcome`},
	{"two schemas of a slug in an operation", "enum: [thing-exists]", "enum: [invalid-param]", `InvalidParam and ThingExists are both "invalid-param"`},
	{"two schemas of a slug that disagree", "enum: [rate-limit-exceeded]", "enum: [action-successful]", "are both"},
	{"no success", "        '200':\n          description: It worked.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/ThingsIndexActionSuccessful'}\n", "", "must list 200 action-successful"},
	{"an operation without a common slug", "        '400': {$ref: '#/components/responses/BadRequest'}\n", "", "put /api/v1/things/index: must list 400 invalid-param, as all operations do"},
	{"a deprecated slug without a reason", "      x-deprecated-reason: Things may be there twice.\n", "", "ThingExists: is deprecated, so it needs"},
	{"a deprecated param that is gone before", "x-sunset: '2027-11-30', x-dep", "x-sunset: '2025-11-30', x-dep", "the param colour: is deprecated, so it needs"},

	{"an answer that allows no more properties", "    Thing:\n      type: object\n", "    Thing:\n      type: object\n      additionalProperties: false\n", "ThingsCreateActionSuccessful.data has additionalProperties"},
	{"a pattern with lower-case escapes", `\u2028`, `\u200b`, "invalid escape sequence"},
	{"a pattern with an invisible character", `\u2028`, "\u200b", "ThingParam: name: write the pattern"},
}

func TestRefusals(t *testing.T) {
	text := string(golden(t))
	for _, row := range refusals {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(text, row.from) {
				t.Fatalf("testdata/openapi.yaml has no %q", row.from)
			}
			_, _, err := derive([]byte(strings.Replace(text, row.from, row.to, 1)))
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("want an error that says %q, have: %v", row.says, err)
			}
		})
	}
}
