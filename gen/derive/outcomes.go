package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outcome is the schema of one status slug. A slug whose data depend on the operation has several.
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

// RetryAfter reports whether its answers say when to retry.
func (o *outcome) RetryAfter() bool { return o.Code == 429 || o.Code == 503 }

// deprecation is since when a slug or a param should no longer be used, when it will be gone, and why.
type deprecation struct {
	Since, Sunset time.Time
	Reason        string
}

// deprecatedParam is a param, by its dotted path, that should no longer be passed.
type deprecatedParam struct {
	Param string
	*deprecation
}

// status is what all outcomes of one slug have in common, and these outcomes.
type status struct {
	*outcome
	Meanings []*outcome
}

// readOutcomes enters the outcomes of an operation into the operation, and into outcomes by their names.
func readOutcomes(doc *document, op *operation, outcomes map[string]*outcome) error {
	responses := op.node.at("responses")
	for _, code := range responses.names() {
		schema := responseSchema(doc, responses.at(code))
		for _, ref := range members(schema) {
			one, err := readOutcome(doc, ref)
			if err != nil {
				return fmt.Errorf("response %s: %w", code, err)
			}
			if strconv.Itoa(one.Code) != code {
				return fmt.Errorf("%s has the code %d but stands under %s", one.Name, one.Code, code)
			}
			if other := op.outcome(one.Slug); other != "" {
				return fmt.Errorf("%s and %s are both %q", other, one.Name, one.Slug)
			}
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
	return checkCommon(doc, op)
}

// checkCommon refuses an operation that lacks a slug of all operations.
func checkCommon(doc *document, op *operation) error {
	if op.outcome("action-successful") == "" {
		return fmt.Errorf("must list 200 action-successful, as all operations do")
	}
	for _, name := range doc.schemas().names() {
		if schema := doc.schemas().at(name); schema.get("x-common") == true {
			one, err := readOutcome(doc, reference(name))
			if err != nil {
				return err
			}
			if op.outcome(one.Slug) != name {
				return fmt.Errorf("must list %d %s, as all operations do: add the response", one.Code, one.Slug)
			}
		}
	}
	return nil
}

// outcome returns the name of the outcome that has the slug, or "".
func (o *operation) outcome(slug string) string {
	for _, one := range o.Outcomes {
		if one.Slug == slug {
			return one.Name
		}
	}
	return ""
}

// responseSchema returns the schema of a response, which may be shared.
func responseSchema(doc *document, response *object) *object {
	return doc.follow(response).at("content", "application/json", "schema")
}

// members returns the references of a oneOf, or the only reference.
func members(schema *object) []*object {
	if schema.get("oneOf") == nil {
		return []*object{schema}
	}
	return asObjects(schema.get("oneOf"))
}

func byCodeAndSlug(a, b *outcome) int {
	if a.Code != b.Code {
		return a.Code - b.Code
	}
	return strings.Compare(a.Slug, b.Slug)
}

func readOutcome(doc *document, schema *object) (*outcome, error) {
	keyword := func(name string) string { return strings.TrimSpace(asText(doc.keyword(schema, name))) }
	one := &outcome{
		Name: refName(schema), Slug: asText(doc.only(schema, "status")), Meaning: keyword("description"),
		Message: asText(doc.keyword(doc.property(schema, "message"), "example")),
		Retry:   keyword("x-retry"), Remedy: keyword("x-remedy"), Uncommon: doc.keyword(schema, "x-uncommon") == true,
	}
	one.Code, _ = doc.only(schema, "code").(int)
	if one.Name == "" || one.Slug == "" || one.Code == 0 {
		return nil, fmt.Errorf("%q is not an outcome: that is a reference to a schema whose status and code have one value each", one.Name)
	}
	if one.Message == "" {
		return nil, fmt.Errorf("%s: message needs an example, which is the sentence to send", one.Name)
	}
	if one.Code >= 400 && (one.Retry != "never" && one.Retry != "later" || one.Remedy == "" || one.Meaning == "") {
		return nil, fmt.Errorf("%s needs a description (what it means), x-retry (never or later) and x-remedy (what to do)", one.Name)
	}
	var err error
	if one.Deprecation, err = readDeprecation(doc, schema); err != nil {
		return nil, fmt.Errorf("%s: %w", one.Name, err)
	}
	return one, nil
}

// readDeprecation returns nil for a schema that is not deprecated.
func readDeprecation(doc *document, schema *object) (*deprecation, error) {
	if doc.keyword(schema, "deprecated") != true {
		return nil, nil
	}
	date := func(extension string) time.Time {
		day, _ := time.Parse(time.DateOnly, asText(doc.keyword(schema, extension)))
		return day
	}
	d := &deprecation{Since: date("x-deprecated-since"), Sunset: date("x-sunset"), Reason: asText(doc.keyword(schema, "x-deprecated-reason"))}
	if d.Since.IsZero() || !d.Sunset.After(d.Since) || d.Reason == "" {
		return nil, fmt.Errorf("is deprecated, so it needs x-deprecated-since and a later x-sunset, both like '2026-11-23', " +
			"and x-deprecated-reason")
	}
	return d, nil
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
		if one.Code != known.Code || one.Retry != known.Retry || one.Uncommon != known.Uncommon ||
			(one.Deprecation == nil) != (known.Deprecation == nil) {
			return nil, fmt.Errorf("%s and %s are both %q: code, x-retry, x-uncommon and deprecated must be the same",
				known.Name, one.Name, one.Slug)
		}
		known.Meanings = append(known.Meanings, one)
	}
	slices.SortFunc(all, func(a, b *status) int { return byCodeAndSlug(a.outcome, b.outcome) })
	return all, nil
}
