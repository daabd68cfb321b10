package main

import (
	"fmt"
	"regexp"
)

// checkSchemas refuses schemas that tools of others stumble over.
func checkSchemas(doc *document) error {
	schemas := doc.schemas()
	for _, name := range schemas.names() {
		if err := checkPatterns(schemas.at(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if doc.only(schemas.at(name), "status") != nil {
			if err := checkOpen(doc, schemas.at(name), name); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainPattern matches patterns of printable ASCII whose escapes of code points have upper-case digits: kin
// reads no others, and some generators copy other characters into source code.
var plainPattern = regexp.MustCompile(`^([ -\[\]-~]|\\u[0-9A-F]{4}|\\[^u])*$`)

func checkPatterns(schema *object) error {
	if pattern := asText(schema.get("pattern")); !plainPattern.MatchString(pattern) {
		return fmt.Errorf("write the pattern %+q with upper-case escapes such as \\u200B", pattern)
	}
	properties := schema.at("properties")
	for _, name := range properties.names() {
		if err := checkPatterns(properties.at(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if items := schema.at("items"); items != nil {
		return checkPatterns(items)
	}
	return nil
}

// checkOpen refuses answers that allow no other properties: they may gain some, which strict clients would
// refuse.
func checkOpen(doc *document, schema *object, path string) error {
	if doc.keyword(schema, "additionalProperties") != nil {
		return fmt.Errorf("%s has additionalProperties, but answers may gain properties: use it for params alone", path)
	}
	for _, property := range doc.properties(schema) {
		if err := checkOpen(doc, property.schema, path+"."+property.name); err != nil {
			return err
		}
	}
	if items, _ := doc.keyword(schema, "items").(*object); items != nil {
		return checkOpen(doc, items, path+".0")
	}
	return nil
}
