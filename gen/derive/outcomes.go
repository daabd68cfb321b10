package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// outcome is the schema of one status slug; slugs whose data depend on the operation have several.
type outcome struct {
	Name, Slug, Message string
	Code                int
	Meaning             string // the schema's description
	Retry               string // "never" or "later"; "" for success, which needs none
	Remedy              string
	Uncommon            bool
	Deprecation         *deprecation
	Operations          []*operation
}

// RetryAfter is whether its answers say when to retry.
func (o *outcome) RetryAfter() bool { return o.Code == 429 || o.Code == 503 }

// deprecation says since when a slug or a param should no longer be used, when it will be gone, and why.
type deprecation struct {
	Since, Sunset time.Time
	Reason        string
}

// deprecatedParam is a param, by its dotted path, that should no longer be passed.
type deprecatedParam struct {
	Param string
	*deprecation
}

// status is what all outcomes of one slug have in common, and the outcomes.
type status struct {
	*outcome
	Meanings []*outcome
}

func readOutcomes(op *operation, responses *openapi3.Responses, outcomes map[string]*outcome) error {
	bySlug := map[string]string{}
	for code, response := range responses.Map() {
		schema := response.Value.Content["application/json"].Schema
		found, err := flatten(schema)
		if err != nil {
			return fmt.Errorf("response %s: %w", code, err)
		}
		for _, one := range found {
			if strconv.Itoa(one.Code) != code {
				return fmt.Errorf("%s has the code %d but stands under %s", one.Name, one.Code, code)
			}
			if other, twice := bySlug[one.Slug]; twice {
				return fmt.Errorf("%s and %s are both %q", other, one.Name, one.Slug)
			}
			bySlug[one.Slug] = one.Name
			if outcomes[one.Name] == nil {
				outcomes[one.Name] = one
			}
			one = outcomes[one.Name]
			one.Operations = append(one.Operations, op)
			op.Outcomes = append(op.Outcomes, one)
			op.Throttled = op.Throttled || one.Slug == "rate-limit-exceeded"
		}
	}
	slices.SortFunc(op.Outcomes, byCodeAndSlug)
	return nil
}

func byCodeAndSlug(a, b *outcome) int {
	if a.Code != b.Code {
		return a.Code - b.Code
	}
	return strings.Compare(a.Slug, b.Slug)
}

// flatten lists the outcomes of a response: its schema is one outcome, or a oneOf of outcomes and of such lists.
func flatten(ref *openapi3.SchemaRef) ([]*outcome, error) {
	if len(ref.Value.OneOf) == 0 {
		one, err := readOutcome(ref)
		return []*outcome{one}, err
	}
	var all []*outcome
	for _, member := range ref.Value.OneOf {
		some, err := flatten(member)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func readOutcome(ref *openapi3.SchemaRef) (*outcome, error) {
	name, schema := refName(ref.Ref), ref.Value
	only := func(property string) any {
		schema := schema.Properties[property]
		if schema == nil || len(schema.Value.Enum) != 1 {
			return nil
		}
		return schema.Value.Enum[0]
	}
	slug, _ := only("status").(string)
	code, _ := only("code").(float64)
	message := schema.Properties["message"]
	if slug == "" || code == 0 || message == nil {
		return nil, fmt.Errorf("%q is not an outcome: it needs status and code with one value each, and a message", name)
	}
	sentence, _ := message.Value.Example.(string)
	if sentence == "" {
		return nil, fmt.Errorf("%s: the example of message is the sentence to send, and is missing", name)
	}
	read := &outcome{Name: name, Slug: slug, Code: int(code), Message: sentence, Meaning: strings.TrimSpace(schema.Description)}
	read.Retry, _ = schema.Extensions["x-retry"].(string)
	read.Remedy, _ = schema.Extensions["x-remedy"].(string)
	read.Uncommon, _ = schema.Extensions["x-uncommon"].(bool)
	if read.Code >= 400 && (read.Retry != "never" && read.Retry != "later" || read.Remedy == "" || read.Meaning == "") {
		return nil, fmt.Errorf("%s: whoever gets it must know what it means (description), whether to retry (x-retry: never or later) and what to do (x-remedy)", name)
	}
	var err error
	if read.Deprecation, err = readDeprecation(schema); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return read, nil
}

// readDeprecation is nil for what is not deprecated.
func readDeprecation(schema *openapi3.Schema) (*deprecation, error) {
	if !schema.Deprecated {
		return nil, nil
	}
	date := func(extension string) time.Time {
		text, _ := schema.Extensions[extension].(string)
		day, _ := time.Parse(time.DateOnly, text)
		return day
	}
	read := &deprecation{Since: date("x-deprecated-since"), Sunset: date("x-sunset")}
	read.Reason, _ = schema.Extensions["x-deprecated-reason"].(string)
	if read.Since.IsZero() || !read.Sunset.After(read.Since) || read.Reason == "" {
		return nil, fmt.Errorf("is deprecated, and needs x-deprecated-since and a later x-sunset, both like '2026-11-23', and x-deprecated-reason")
	}
	return read, nil
}

// deprecatedParams finds the deprecated params of a schema at any depth, by their dotted paths.
func deprecatedParams(schema *openapi3.Schema, prefix string) (all []deprecatedParam, _ error) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name].Value
		since, err := readDeprecation(property)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", prefix, name, err)
		}
		if since != nil {
			all = append(all, deprecatedParam{prefix + name, since})
		}
		below, err := deprecatedParams(property, prefix+name+".")
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// statuses collects the outcomes by their slugs.
func statuses(outcomes []*outcome) (all []*status, _ error) {
	bySlug := map[string]*status{}
	for _, one := range outcomes {
		known := bySlug[one.Slug]
		if known == nil {
			known = &status{outcome: one}
			bySlug[one.Slug] = known
			all = append(all, known)
		}
		if one.Code != known.Code || one.Retry != known.Retry || one.Uncommon != known.Uncommon || (one.Deprecation == nil) != (known.Deprecation == nil) {
			return nil, fmt.Errorf("%s and %s are both %q: code, x-retry, x-uncommon and deprecated must be the same", known.Name, one.Name, one.Slug)
		}
		known.Meanings = append(known.Meanings, one)
	}
	slices.SortFunc(all, func(a, b *status) int { return byCodeAndSlug(a.outcome, b.outcome) })
	return all, nil
}
