package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// contract is what the templates are rendered from.
type contract struct {
	Operations []*operation // in the order of the spec
	Outcomes   []*outcome   // by name
	Statuses   []*status    // by HTTP code and slug
}

// operation is one operation of the spec.
type operation struct {
	ID, Method, Path, Service, Summary string
	Params                             string // the schema of the decoded params
	ParamOrder                         []string
	RequiresParams                     bool
	Sensitive                          bool
	TokenRequired                      bool
	TokenKinds                         []string
	ApplicationRequires                []string
	Roles                              []string
	Throttled                          bool
	OpenToRecordless                   bool
	DeprecatedParams                   []deprecatedParam
	Outcomes                           []*outcome
	Index                              *index // nil where it lists nothing page by page
}

// index is how an operation lists rows page by page.
type index struct {
	Success, Row string // the schemas
	LargestPage  int    // in rows
}

// Name is the Go name of the operation.
func (o *operation) Name() string { return strings.ToUpper(o.ID[:1]) + o.ID[1:] }

func readContract(doc *openapi3.T, text []byte) (*contract, error) {
	order, err := readOrder(text)
	if err != nil {
		return nil, err
	}
	outcomes := map[string]*outcome{}
	c := &contract{}
	for _, path := range order.paths {
		operations := doc.Paths.Value(path).Operations()
		if len(operations) != 1 {
			return nil, fmt.Errorf("%s has %d methods, needs one", path, len(operations))
		}
		for method, op := range operations {
			read, err := readOperation(doc, path, method, op, outcomes)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			read.ParamOrder = order.params(read.Params)
			c.Operations = append(c.Operations, read)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(outcomes)) {
		c.Outcomes = append(c.Outcomes, outcomes[name])
	}
	c.Statuses, err = statuses(c.Outcomes)
	return c, err
}

func readOperation(doc *openapi3.T, path, method string, op *openapi3.Operation, outcomes map[string]*outcome) (*operation, error) {
	read := &operation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary}
	if len(op.Tags) != 1 {
		return nil, fmt.Errorf("has %d tags, needs one: its service", len(op.Tags))
	}
	read.Service = op.Tags[0]
	read.Sensitive, _ = op.Extensions["x-sensitive"].(bool)
	read.OpenToRecordless, _ = op.Extensions["x-open-to-recordless"].(bool)
	token, ok := op.Extensions["x-token"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("has no x-token")
	}
	read.TokenRequired, _ = token["required"].(bool)
	read.TokenKinds, read.ApplicationRequires = texts(token["kinds"]), texts(token["application-requires"])
	for _, kind := range read.TokenKinds {
		if kind != "session" && kind != "application" {
			return nil, fmt.Errorf("x-token has the kind %q, but the server knows session and application", kind)
		}
	}
	read.Roles = texts(op.Extensions["x-roles"])
	var err error
	if read.Params, err = paramsSchema(op, read.Sensitive); err != nil {
		return nil, err
	}
	schema := doc.Components.Schemas[read.Params]
	if schema == nil {
		return nil, fmt.Errorf("there is no schema %q", read.Params)
	}
	read.RequiresParams = len(schema.Value.Required) > 0
	if read.DeprecatedParams, err = deprecatedParams(schema.Value, ""); err != nil {
		return nil, err
	}
	if read.Index, err = readIndex(schema.Value, op.Responses); err != nil {
		return nil, err
	}
	return read, readOutcomes(read, op.Responses, outcomes)
}

// readIndex is nil for an operation that lists nothing page by page.
func readIndex(params *openapi3.Schema, responses *openapi3.Responses) (*index, error) {
	page := params.Properties["page"]
	if page == nil {
		return nil, nil
	}
	size := page.Value.Properties["size"]
	success := responses.Status(200).Value.Content["application/json"].Schema
	data := success.Value.Properties["data"]
	if size == nil || size.Value.Max == nil || data == nil || data.Value.Properties["results"] == nil {
		return nil, fmt.Errorf("has the param page, and so needs page.size with a maximum, and data.results")
	}
	row := data.Value.Properties["results"].Value.Items
	return &index{Success: refName(success.Ref), Row: refName(row.Ref), LargestPage: int(*size.Value.Max)}, nil
}

// paramsSchema names the schema of an operation's decoded params.
func paramsSchema(op *openapi3.Operation, sensitive bool) (string, error) {
	content := op.RequestBody.Value.Content
	if !sensitive {
		media := content["application/json"]
		if media == nil || len(content) != 1 {
			return "", fmt.Errorf("must take application/json only")
		}
		return refName(media.Schema.Ref), nil
	}
	media := content["text/plain"]
	if media == nil || len(content) != 1 {
		return "", fmt.Errorf("is sensitive and must take text/plain only")
	}
	decoded, _ := media.Schema.Value.Extensions["x-decoded-schema"].(map[string]any)
	ref, _ := decoded["$ref"].(string)
	return refName(ref), nil
}

// order is what kin's maps lose: the order of the spec's text.
type order struct {
	paths   []string
	schemas *yaml.Node
}

func readOrder(text []byte) (*order, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	doc := root.Content[0]
	o := &order{schemas: member(member(doc, "components"), "schemas")}
	paths := member(doc, "paths")
	for i := 0; i < len(paths.Content); i += 2 {
		o.paths = append(o.paths, paths.Content[i].Value)
	}
	return o, nil
}

// params lists the dotted paths of a schema's properties; the token, which is no param of the operation's own, is first.
func (o *order) params(schema string) []string {
	paths := o.walk(member(o.schemas, schema), "")
	token := slices.Index(paths, "token")
	if token < 0 {
		return paths
	}
	return slices.Insert(slices.Delete(paths, token, token+1), 0, "token")
}

func (o *order) walk(schema *yaml.Node, prefix string) []string {
	if ref := member(schema, "$ref"); ref != nil {
		schema = member(o.schemas, refName(ref.Value))
	}
	properties := member(schema, "properties")
	if properties == nil {
		return nil
	}
	var paths []string
	for i := 0; i < len(properties.Content); i += 2 {
		path := prefix + properties.Content[i].Value
		paths = append(paths, path)
		paths = append(paths, o.walk(properties.Content[i+1], path+".")...)
	}
	return paths
}

// texts is a list of texts that stands in an extension.
func texts(list any) []string {
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

// refName is the name of the component that a reference leads to.
func refName(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

func member(node *yaml.Node, name string) *yaml.Node {
	if node == nil {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}
