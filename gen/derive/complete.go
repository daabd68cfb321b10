package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// complete returns the text of the spec with what follows from the rest of it, so that nobody writes it by
// hand:
//   - each list of outcomes has the common slugs of its HTTP code, and a discriminator;
//   - the body of each sensitive operation is described by its params and an example, in plain and in base64.
//
// It replaces whole values, comments in them included, and leaves all else as it is.
func complete(doc *document) ([]byte, error) {
	c := &completion{doc: doc, lines: strings.Split(string(doc.text), "\n")}
	for _, response := range responses(doc) {
		c.completeOutcomes(response)
	}
	paths := doc.root.at("paths")
	for _, path := range paths.names() {
		for _, method := range paths.at(path).names() {
			if op := paths.at(path, method); op.get("x-sensitive") == true {
				c.completeBody(op)
			}
		}
	}
	return c.apply()
}

// responses lists the responses that are written out, in operations and among the components.
func responses(doc *document) (all []*object) {
	add := func(responses *object) {
		for _, name := range responses.names() {
			if response := responses.at(name); response.get("$ref") == nil {
				all = append(all, response)
			}
		}
	}
	paths := doc.root.at("paths")
	for _, path := range paths.names() {
		for _, method := range paths.at(path).names() {
			add(paths.at(path, method, "responses"))
		}
	}
	add(doc.root.at("components", "responses"))
	return all
}

// completion collects the changes of the text.
type completion struct {
	doc   *document
	lines []string
	edits []edit
	err   error // the first
}

// edit replaces the lines from first up to end, counted from 0; end itself stays.
type edit struct {
	first, end int
	lines      []string
}

// completeOutcomes writes the oneOf of a response, and its discriminator.
func (c *completion) completeOutcomes(response *object) {
	schema := responseSchema(c.doc, response)
	if schema.get("oneOf") == nil {
		return
	}
	var names []string
	for _, member := range members(schema) {
		names = append(names, refName(member))
	}
	code := c.doc.only(c.doc.schemas().at(names[0]), "code")
	common := c.common(code)
	names = append(common, slices.DeleteFunc(names, func(name string) bool { return slices.Contains(common, name) })...)
	oneOf, mapping := []string{"oneOf:"}, []string{"discriminator:", "  propertyName: status", "  mapping:"}
	mapped := map[string]bool{}
	for _, name := range names {
		slug := asText(c.doc.only(c.doc.schemas().at(name), "status"))
		if slug == "" {
			return // readOutcome refuses it
		}
		oneOf = append(oneOf, fmt.Sprintf("  - {$ref: '#/components/schemas/%s'}", name))
		if !mapped[slug] { // readOutcomes refuses a second schema of the slug
			mapping = append(mapping, fmt.Sprintf("    %s: '#/components/schemas/%s'", slug, name))
		}
		mapped[slug] = true
	}
	c.replace(schema, "oneOf", oneOf)
	c.replace(schema, "discriminator", mapping)
}

// common lists the schemas of an HTTP code whose slugs all operations answer.
func (c *completion) common(code any) (names []string) {
	for _, name := range c.doc.schemas().names() {
		schema := c.doc.schemas().at(name)
		if schema.get("x-common") == true && c.doc.only(schema, "code") == code {
			names = append(names, name)
		}
	}
	return names
}

// completeBody writes the description and the example of the body of a sensitive operation.
func (c *completion) completeBody(op *object) {
	body := op.at("requestBody")
	media := body.at("content", "text/plain")
	params := c.doc.follow(media.at("schema", "x-decoded-schema"))
	if params == nil {
		return // readParams refuses it
	}
	example := params.at("example")
	examples := media.at("examples")
	if example == nil || len(examples.names()) != 1 {
		c.fail(op, "%s is sensitive, so its params need an example, and its body one under examples", asText(op.get("operationId")))
		return
	}
	compact, _ := toJSON(example, "")
	pretty, _ := toJSON(example, "  ")
	description := []string{"description: |-", "  Base64 of a JSON object in UTF-8:", "", "  ```json"}
	for line := range strings.Lines(string(pretty)) {
		description = append(description, "  "+strings.TrimSuffix(line, "\n"))
	}
	description = append(description, "  ```", "")
	for _, param := range c.doc.params(params, "") {
		description = append(description, "  - "+c.describe(param))
	}
	c.replace(body, "description", description)
	c.replace(examples.at(examples.names()[0]), "value", []string{"value: " + base64.StdEncoding.EncodeToString(bytes.TrimSpace(compact))})
}

// describe returns the line about a param: its name, whether it is required, and the first sentence of its
// description.
func (c *completion) describe(param property) string {
	line := "`" + param.name + "`"
	if param.required {
		line += ", required"
	}
	line += ":"
	if description := strings.TrimSpace(asText(c.doc.keyword(param.schema, "description"))); description != "" {
		sentence, _, _ := strings.Cut(description, ". ")
		line += " " + strings.TrimSuffix(sentence, ".") + "."
	}
	if values := asTexts(c.doc.keyword(param.schema, "enum")); len(values) > 0 {
		line += " One of `" + strings.Join(values, "`, `") + "`."
	}
	return line
}

// replace writes a key and its value, as lines without indentation, into an object that stands in the text. A
// key that is not there yet comes after the others, but a description before them.
func (c *completion) replace(o *object, key string, lines []string) {
	if o.node.Style&yaml.FlowStyle != 0 {
		c.fail(o, "write the object with %s on lines of its own, without braces, so that it can be completed", key)
		return
	}
	column := o.node.Content[0].Column - 1
	indented := make([]string, len(lines))
	for i, line := range lines {
		if line != "" {
			indented[i] = strings.Repeat(" ", column) + line
		}
	}
	first := o.node.Content[0].Line - 1
	end := first
	at := slices.Index(o.keys, key)
	switch {
	case at >= 0:
		first = o.node.Content[2*at].Line - 1
		end = c.end(first, column)
	case key != "description":
		first = c.end(o.node.Content[len(o.node.Content)-2].Line-1, column)
		end = first
	}
	c.edits = append(c.edits, edit{first, end, indented})
}

// end returns the line after the value of the key that stands at this line and column.
func (c *completion) end(line, column int) int {
	end := line + 1
	for i := end; i < len(c.lines); i++ {
		text := strings.TrimLeft(c.lines[i], " ")
		indentation := len(c.lines[i]) - len(text)
		if text == "" {
			continue // it belongs to the value only where the value goes on below
		}
		if indentation < column || indentation == column && !strings.HasPrefix(text, "- ") {
			break
		}
		end = i + 1
	}
	return end
}

func (c *completion) fail(o *object, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("line %d: "+format, append([]any{o.node.Line}, args...)...)
	}
}

// apply makes the changes from the end of the text on, so that the lines before keep their numbers.
func (c *completion) apply() ([]byte, error) {
	slices.SortStableFunc(c.edits, func(a, b edit) int { return b.first - a.first })
	for _, edit := range c.edits {
		c.lines = slices.Replace(c.lines, edit.first, edit.end, edit.lines...)
	}
	return []byte(strings.Join(c.lines, "\n")), c.err
}
