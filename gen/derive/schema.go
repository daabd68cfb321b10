package main

import "strings"

// schemas returns the schemas of the components.
func (d *document) schemas() *object { return d.root.at("components", "schemas") }

// follow returns the component that an object refers to, or the object itself where it refers to none.
func (d *document) follow(o *object) *object {
	for o.get("$ref") != nil {
		path := strings.Split(strings.TrimPrefix(asText(o.get("$ref")), "#/"), "/")
		o = d.root.at(path...)
	}
	return o
}

// keyword returns the value of a schema's keyword, which may stand in a member of allOf.
func (d *document) keyword(schema *object, name string) any {
	schema = d.follow(schema)
	if value := schema.get(name); value != nil {
		return value
	}
	for _, part := range asObjects(schema.get("allOf")) {
		if value := d.keyword(part, name); value != nil {
			return value
		}
	}
	return nil
}

// property is a property of a schema.
type property struct {
	name     string
	schema   *object
	required bool
}

// properties returns the properties of a schema and of the members of its allOf, in the order of the text.
func (d *document) properties(schema *object) (all []property) {
	schema = d.follow(schema)
	for _, part := range asObjects(schema.get("allOf")) {
		all = append(all, d.properties(part)...)
	}
	required := map[string]bool{}
	for _, name := range asTexts(schema.get("required")) {
		required[name] = true
	}
	for i := range all {
		all[i].required = all[i].required || required[all[i].name]
	}
	own := schema.at("properties")
	for _, name := range own.names() {
		all = append(all, property{name, own.at(name), required[name]})
	}
	return all
}

// property returns the schema of a property, or nil.
func (d *document) property(schema *object, name string) *object {
	for _, property := range d.properties(schema) {
		if property.name == name {
			return property.schema
		}
	}
	return nil
}

// params returns the properties of a schema at any depth, named by their dotted paths.
func (d *document) params(schema *object, prefix string) (all []property) {
	for _, param := range d.properties(schema) {
		path := prefix + param.name
		all = append(all, property{path, param.schema, param.required})
		all = append(all, d.params(param.schema, path+".")...)
	}
	return all
}

// only returns the single value that the enum of a property allows, or nil.
func (d *document) only(schema *object, name string) any {
	values, _ := d.keyword(d.property(schema, name), "enum").([]any)
	if len(values) != 1 {
		return nil
	}
	return values[0]
}
