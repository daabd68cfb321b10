package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// document is the spec as it was read. Everything is derived from its tree.
type document struct {
	text []byte
	root *object
}

// object is a mapping of the spec. It keeps the order of its keys and its place in the text.
type object struct {
	keys   []string
	values map[string]any // of type *object, []any, string, bool, int, float64 or nil
	node   *yaml.Node     // nil in an object that derive made
}

// read refuses what is not a valid OpenAPI document, and YAML that some parsers read differently.
func read(text []byte) (*document, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return nil, err
	}
	// Only the server knows the formats that the e-mails and URLs of the examples have.
	if err := doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	root, err := decode(node.Content[0], false)
	if err != nil {
		return nil, err
	}
	return &document{text: text, root: root.(*object)}, nil
}

// decode makes the tree of a node. Nodes in braces or brackets are inFlow.
func decode(node *yaml.Node, inFlow bool) (any, error) {
	inFlow = inFlow || node.Style&yaml.FlowStyle != 0
	switch node.Kind {
	case yaml.MappingNode:
		return decodeObject(node, inFlow)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		var err error
		for i, item := range node.Content {
			if list[i], err = decode(item, inFlow); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		return decodeScalar(node, inFlow)
	default:
		return nil, fmt.Errorf("line %d: aliases are not supported, write the value out", node.Line)
	}
}

func decodeObject(node *yaml.Node, inFlow bool) (*object, error) {
	o := &object{values: map[string]any{}, node: node}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if _, twice := o.values[key]; twice {
			return nil, fmt.Errorf("line %d: the key %s is there twice", node.Content[i].Line, key)
		}
		value, err := decode(node.Content[i+1], inFlow)
		if err != nil {
			return nil, err
		}
		o.set(key, value)
	}
	return o, nil
}

func decodeScalar(node *yaml.Node, inFlow bool) (any, error) {
	if inFlow && node.Style == 0 && strings.Contains(node.Value, ":") {
		return nil, fmt.Errorf("line %d: quote %q, because YAML 1.1 allows no colon in a plain text within braces", node.Line, node.Value)
	}
	if node.Tag == "!!timestamp" {
		return nil, fmt.Errorf("line %d: quote %q, because YAML 1.1 reads it as a time", node.Line, node.Value)
	}
	var value any
	err := node.Decode(&value)
	return value, err
}

// get returns the value of a key, or nil. Like all reading methods, it may be called on a nil object.
func (o *object) get(key string) any {
	if o == nil {
		return nil
	}
	return o.values[key]
}

// at returns the object at the end of a path of keys, or nil.
func (o *object) at(path ...string) *object {
	for _, key := range path {
		o, _ = o.get(key).(*object)
	}
	return o
}

// names returns the keys in the order of the text.
func (o *object) names() []string {
	if o == nil {
		return nil
	}
	return o.keys
}

func (o *object) set(key string, value any) {
	if _, there := o.values[key]; !there {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) remove(keys ...string) {
	for _, key := range keys {
		delete(o.values, key)
	}
	o.keys = slices.DeleteFunc(slices.Clone(o.keys), func(key string) bool { return slices.Contains(keys, key) })
}

func (o *object) clone() *object {
	copied := &object{keys: slices.Clone(o.keys), values: maps.Clone(o.values)}
	for key, value := range copied.values {
		copied.values[key] = cloneValue(value)
	}
	return copied
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case *object:
		return value.clone()
	case []any:
		copied := slices.Clone(value)
		for i, item := range copied {
			copied[i] = cloneValue(item)
		}
		return copied
	}
	return value
}

// MarshalJSON writes the keys in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(key); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(o.values[key]); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// toJSON writes a tree with this indentation, or on one line.
func toJSON(tree any, indent string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(tree)
	return out.Bytes(), err
}

// newObject makes an object of keys, each followed by its value.
func newObject(keysAndValues ...any) *object {
	o := &object{values: map[string]any{}}
	for i := 0; i < len(keysAndValues); i += 2 {
		o.set(keysAndValues[i].(string), keysAndValues[i+1])
	}
	return o
}

func reference(schema string) *object { return newObject("$ref", "#/components/schemas/"+schema) }

// refName returns the name of the component that an object refers to, or "".
func refName(o *object) string {
	ref := asText(o.get("$ref"))
	return ref[strings.LastIndex(ref, "/")+1:]
}

func asText(value any) string {
	text, _ := value.(string)
	return text
}

func asTexts(value any) (all []string) {
	items, _ := value.([]any)
	for _, item := range items {
		all = append(all, asText(item))
	}
	return all
}

func asObjects(value any) (all []*object) {
	items, _ := value.([]any)
	for _, item := range items {
		if o, ok := item.(*object); ok {
			all = append(all, o)
		}
	}
	return all
}
