package main

import "slices"

// serverView returns the spec as oapi-codegen shall see it for the server, with typed bodies also where
// operations are sensitive.
func serverView(doc *document, s *spec) *object {
	view := strip(doc, s, func(op *operation) *object {
		return newObject("application/json", newObject("schema", reference(op.Params)))
	})
	schemas := view.at("components", "schemas")
	adapt(schemas, forServer)
	pointToSwitches(schemas)
	pointToChanges(schemas, s)
	return view
}

// clientView returns the spec as oapi-codegen shall see it for the client. Sensitive bodies are texts, which
// the methods that derive writes encode.
func clientView(doc *document, s *spec) *object {
	view := strip(doc, s, func(op *operation) *object {
		if op.Sensitive {
			return newObject("text/plain", newObject("schema", newObject("type", "string")))
		}
		return newObject("application/json", newObject("schema", reference(op.Params)))
	})
	schemas := view.at("components", "schemas")
	for _, one := range s.Outcomes {
		if one.RetryAfter() {
			schema := schemas.at(one.Name)
			if schema.at("properties") == nil {
				schema.set("properties", newObject())
			}
			schema.at("properties").set("retry_after", retryAfter)
		}
	}
	adapt(schemas, forClient)
	pointToChanges(schemas, s)
	return view
}

// strip returns a copy of the spec with other bodies and without responses. Instead of oapi-codegen's unions
// of responses, derive writes the outcomes.
func strip(doc *document, s *spec, content func(*operation) *object) *object {
	view := doc.root.clone()
	for _, op := range s.Operations {
		node := view.at("paths", op.Path).at(view.at("paths", op.Path).keys[0])
		node.set("requestBody", newObject("required", true, "content", content(op)))
		node.set("responses", newObject())
		node.remove("security")
	}
	view.at("components").remove("responses", "headers", "securitySchemes")
	return view
}

// retryAfter is the header of that name, which Go callers find in the outcome.
var retryAfter = newObject(
	"description", "How long to wait before another attempt, from the header Retry-After.",
	"type", "integer",
	"x-go-type", "time.Duration",
	"x-oapi-codegen-extra-tags", newObject("json", "-"),
)

// pointToSwitches makes pointers of optional properties whose object has nothing but booleans. With all of
// them false it would be left out.
func pointToSwitches(schemas *object) {
	switches := map[string]bool{}
	for _, name := range schemas.names() {
		properties := schemas.at(name, "properties")
		booleans := 0
		for _, property := range properties.names() {
			if properties.at(property).get("type") == "boolean" {
				booleans++
			}
		}
		switches[name] = booleans > 0 && booleans == len(properties.names())
	}
	for _, name := range schemas.names() {
		properties := schemas.at(name, "properties")
		for _, property := range properties.names() {
			if ref := properties.at(property); switches[refName(ref)] {
				properties.set(property, newObject("allOf", []any{ref}, "x-go-type-skip-optional-pointer", false))
			}
		}
	}
}

// pointToChanges makes pointers of what an update may change: false, 0 and "" are values then, and absent is
// what stays as it is. An empty list is kept apart from an absent one. Sensitive operations change
// nothing to an empty value.
func pointToChanges(schemas *object, s *spec) {
	for _, op := range s.Operations {
		if op.Method != "PUT" || op.Sensitive {
			continue
		}
		params := schemas.at(op.Params)
		properties, required := params.at("properties"), asTexts(params.get("required"))
		for _, name := range properties.names() {
			property := properties.at(name)
			switch {
			case slices.Contains(required, name) || name == "view" || name == "token":
			case property.get("type") == "array":
				property.set("x-omitempty", false)
			case property.get("$ref") != nil:
				properties.set(name, newObject("allOf", []any{property}, "x-go-type-skip-optional-pointer", false))
			default:
				property.set("x-go-type-skip-optional-pointer", false)
			}
		}
	}
}

// adapt changes, with change, each schema below a mapping of names to schemas.
func adapt(schemas *object, change func(*object)) {
	for _, name := range schemas.names() {
		adaptSchema(schemas.at(name), change)
	}
}

func adaptSchema(schema *object, change func(*object)) {
	if properties := schema.at("properties"); properties != nil {
		adapt(properties, change)
	}
	if items := schema.at("items"); items != nil {
		adaptSchema(items, change)
	}
	for _, part := range asObjects(schema.get("allOf")) {
		adaptSchema(part, change)
	}
	change(schema)
}

// forClient drops what oapi-codegen makes clumsy Go of. Enums of one value would become types of their own,
// and its type for e-mail addresses fails when marshalled. A boolean that is true when absent is a pointer, since
// false would be left out.
func forClient(schema *object) {
	if schema.get("x-when-absent") == true {
		schema.set("x-go-type-skip-optional-pointer", false)
	}
	if values, _ := schema.get("enum").([]any); len(values) == 1 {
		schema.remove("enum")
	}
	if format := schema.get("format"); format != "int64" && format != "date-time" {
		schema.remove("format")
	}
}

// forServer also keeps false, zero and empty lists apart from absent fields, and times as texts, which the
// server formats.
func forServer(schema *object) {
	forClient(schema)
	if schema.get("format") == "date-time" {
		schema.remove("format")
	}
	schema.remove("deprecated") // the server goes on sending what callers should no longer expect
	switch {
	case schema.get("type") == "boolean" || schema.get("minimum") == 0:
		schema.set("x-go-type-skip-optional-pointer", false)
	case schema.get("type") == "array" || schema.get("allOf") != nil:
		schema.set("x-omitempty", false)
	}
}
