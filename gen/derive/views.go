package main

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// viewOf is the spec as oapi-codegen shall see it. To the server the bodies are the typed objects that sensitive operations
// decode to; the client sends those as text, which the methods that derive writes encode.
// Responses are left out: the outcomes that derive writes take their place, one struct a slug instead of unions.
func viewOf(text []byte, c *contract, view string) ([]byte, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for _, op := range c.Operations {
		node := doc["paths"].(map[string]any)[op.Path].(map[string]any)[strings.ToLower(op.Method)].(map[string]any)
		media, schema := "application/json", map[string]any{"$ref": "#/components/schemas/" + op.Params}
		if op.Sensitive && view == "client" {
			media, schema = "text/plain", map[string]any{"type": "string"}
		}
		node["requestBody"] = map[string]any{"required": true, "content": map[string]any{media: map[string]any{"schema": schema}}}
		node["responses"] = map[string]any{}
		delete(node, "security")
	}
	components := doc["components"].(map[string]any)
	delete(components, "responses")
	delete(components, "headers")
	delete(components, "securitySchemes")
	schemas := components["schemas"].(map[string]any)
	for _, one := range c.Outcomes {
		if view == "client" && one.RetryAfter() {
			schemas[one.Name].(map[string]any)["properties"].(map[string]any)["retry_after"] = retryAfter
		}
	}
	for name, schema := range schemas {
		if _, group := schema.(map[string]any)["oneOf"]; group {
			delete(schemas, name)
			continue
		}
		adapt(schema, view)
	}
	if view == "server" {
		pointToSwitches(schemas)
	}
	return json.Marshal(doc)
}

// pointToSwitches makes optional properties pointers whose object has nothing but booleans: all false, it is not absent.
func pointToSwitches(schemas map[string]any) {
	switches := map[any]bool{}
	for name, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		booleans := 0
		for _, property := range properties {
			if property.(map[string]any)["type"] == "boolean" {
				booleans++
			}
		}
		switches["#/components/schemas/"+name] = booleans > 0 && booleans == len(properties)
	}
	for _, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for name, property := range properties {
			if switches[property.(map[string]any)["$ref"]] {
				properties[name] = map[string]any{"allOf": []any{property}, "x-go-type-skip-optional-pointer": false}
			}
		}
	}
}

// retryAfter is the header of that name, which Go callers find in the outcome.
var retryAfter = map[string]any{
	"description":               "How long to wait before another try, from the header of that name.",
	"type":                      "integer",
	"x-go-type":                 "time.Duration",
	"x-oapi-codegen-extra-tags": map[string]any{"json": "-"},
}

// adapt changes a schema in place where oapi-codegen's Go would be clumsy or wrong: the Email type fails when marshalled,
// enums of one value become types of their own, and times need the contract's format on the server.
func adapt(node any, view string) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			adapt(item, view)
		}
	case map[string]any:
		for keyword, child := range node {
			if properties, ok := child.(map[string]any); ok && keyword == "properties" {
				for _, property := range properties {
					adapt(property, view)
				}
				continue
			}
			adapt(child, view)
		}
		if values, ok := node["enum"].([]any); ok && len(values) == 1 {
			delete(node, "enum")
		}
		if node["format"] != "int64" && (node["format"] != "date-time" || view == "server") {
			delete(node, "format")
		}
		if view == "server" {
			delete(node, "deprecated") // the server goes on sending what callers should no longer expect
		}
		// The server must tell false, zero and empty lists from absent fields; its clients need not.
		switch {
		case view == "server" && (node["type"] == "boolean" || node["minimum"] == 0):
			node["x-go-type-skip-optional-pointer"] = false
		case view == "server" && (node["type"] == "array" || node["allOf"] != nil):
			node["x-omitempty"] = false
		}
	}
}
