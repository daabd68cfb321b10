package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// spec is what the templates are rendered from.
type spec struct {
	Operations []*operation // in the order of openapi.yaml
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
	Access                             string // the least access that an administrative operation needs, "" for none
	Application                        application
	Subject                            subject
	Audit                              string // how the operation is recorded where that is not a change: sign-in, sign-out or read
	Throttled                          bool
	OpenToRecordless                   bool
	DeprecatedParams                   []deprecatedParam
	Outcomes                           []*outcome
	Index                              *index // nil where it lists nothing page by page

	node *object
}

// application is the application whose sessions alone an operation takes. With a role, it binds only users who
// have a record of it; with a param, only requests that pass it.
type application struct{ Slug, For, Param string }

// subject is the person that an administrative operation is about: the param that names one, the kind of its
// value, and whether the operation acts on the person.
type subject struct {
	Param, Kind string
	Acts        bool
	Oneself     bool // whether it may act on the caller
}

// index is how an operation lists rows page by page.
type index struct {
	Success, Row string // the schemas
	LargestPage  int    // in rows
}

// Name returns the Go name of the operation.
func (o *operation) Name() string { return strings.ToUpper(o.ID[:1]) + o.ID[1:] }

func readSpec(doc *document) (*spec, error) {
	outcomes := map[string]*outcome{}
	s := &spec{}
	paths := doc.root.at("paths")
	for _, path := range paths.names() {
		item := paths.at(path)
		if len(item.keys) != 1 {
			return nil, fmt.Errorf("%s has the keys %s, but needs one method and nothing else", path, item.keys)
		}
		method := item.keys[0]
		op, err := readOperation(doc, item.at(method))
		if err == nil {
			op.Path, op.Method = path, strings.ToUpper(method)
			err = readOutcomes(doc, op, outcomes)
		}
		if err == nil {
			op.Index, err = readIndex(doc, op)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		s.Operations = append(s.Operations, op)
	}
	for _, name := range slices.Sorted(maps.Keys(outcomes)) {
		s.Outcomes = append(s.Outcomes, outcomes[name])
	}
	var err error
	s.Statuses, err = statuses(s.Outcomes)
	return s, err
}

func readOperation(doc *document, node *object) (*operation, error) {
	op := &operation{
		ID: asText(node.get("operationId")), Summary: asText(node.get("summary")),
		Roles: asTexts(node.get("x-roles")), Access: asText(node.get("x-access")), Audit: asText(node.get("x-audit")), node: node,
	}
	if op.ID == "" {
		return nil, fmt.Errorf("has no operationId")
	}
	tags := asTexts(node.get("tags"))
	if len(tags) != 1 {
		return nil, fmt.Errorf("has %d tags, but needs one: its service", len(tags))
	}
	op.Service = tags[0]
	op.OpenToRecordless = node.get("x-open-to-recordless") == true
	if !slices.Contains([]string{"", "sign-in", "sign-out", "read"}, op.Audit) {
		return nil, fmt.Errorf("x-audit is %q, but the server knows sign-in, sign-out and read", op.Audit)
	}
	if err := readToken(op); err != nil {
		return nil, err
	}
	if err := readParams(doc, op); err != nil {
		return nil, err
	}
	if err := readApplication(op); err != nil {
		return nil, err
	}
	return op, readAccess(op)
}

// readAccess reads what only administrative operations have. They take sessions of employees only; a token that
// may not call them is permission-denied, and so is that of a user without a record.
func readAccess(op *operation) error {
	subject := op.node.at("x-subject")
	switch {
	case op.Access == "" && subject != nil:
		return fmt.Errorf("x-subject needs x-access")
	case op.Access == "":
		return nil
	case !slices.Contains([]string{"viewer", "support", "admin"}, op.Access):
		return fmt.Errorf("x-access is %q, but the server knows viewer, support and admin", op.Access)
	case op.Application.Slug == "" || op.Application.For != "" || op.Application.Param != "" || !slices.Equal(op.Roles, []string{"employee"}) || !op.OpenToRecordless:
		return fmt.Errorf("x-access needs x-roles: [employee], x-application with a slug alone, and x-open-to-recordless: true")
	case subject == nil:
		return nil
	}
	op.Subject.Param, op.Subject.Kind = asText(subject.get("param")), asText(subject.get("kind"))
	op.Subject.Acts, op.Subject.Oneself = subject.get("acts") == true, subject.get("oneself") == true
	if !slices.Contains(op.ParamOrder, op.Subject.Param) {
		return fmt.Errorf("x-subject has the param %q, which the operation lacks", op.Subject.Param)
	}
	if !slices.Contains([]string{"person", "client", "employee", "liaison", "email"}, op.Subject.Kind) {
		return fmt.Errorf("x-subject has the kind %q, but the server knows person, client, employee, liaison and email", op.Subject.Kind)
	}
	return nil
}

func readApplication(op *operation) error {
	node := op.node.at("x-application")
	if node == nil {
		return nil
	}
	op.Application = application{asText(node.get("slug")), asText(node.get("for")), asText(node.get("param"))}
	if op.Application.Slug == "" || !op.TokenRequired || !slices.Equal(op.TokenKinds, []string{"session"}) {
		return fmt.Errorf("x-application needs a slug, and an operation that requires the token of a session")
	}
	if param := op.Application.Param; param != "" && !slices.Contains(op.ParamOrder, param) {
		return fmt.Errorf("x-application has the param %q, which the operation lacks", param)
	}
	return nil
}

func readToken(op *operation) error {
	token := op.node.at("x-token")
	if token == nil {
		return fmt.Errorf("has no x-token")
	}
	op.TokenRequired = token.get("required") == true
	op.TokenKinds, op.ApplicationRequires = asTexts(token.get("kinds")), asTexts(token.get("application-requires"))
	for _, kind := range op.TokenKinds {
		if kind != "session" && kind != "application" {
			return fmt.Errorf("x-token has the kind %q, but the server knows session and application", kind)
		}
	}
	return checkSecurity(op)
}

// checkSecurity requires the order that importers need, which take the first security requirement: the token
// first where it is required. The empty one is always there too, because the token may be a param instead. It
// stands at the operation, because some importers apply the root's to all operations.
func checkSecurity(op *operation) error {
	var tokens []bool
	for _, requirement := range asObjects(op.node.get("security")) {
		tokens = append(tokens, requirement.get("bearer") != nil)
	}
	if slices.Equal(tokens, []bool{op.TokenRequired, !op.TokenRequired}) {
		return nil
	}
	if op.TokenRequired {
		return fmt.Errorf("requires a token, so its security must be [{bearer: []}, {}]")
	}
	return fmt.Errorf("requires no token, so its security must be [{}, {bearer: []}]")
}

func readParams(doc *document, op *operation) error {
	op.Sensitive = op.node.get("x-sensitive") == true
	media := map[bool]string{false: "application/json", true: "text/plain"}[op.Sensitive]
	content := op.node.at("requestBody", "content")
	if len(content.names()) != 1 || content.at(media) == nil {
		return fmt.Errorf("must take %s and nothing else (x-sensitive is %t)", media, op.Sensitive)
	}
	schema := content.at(media, "schema")
	if op.Sensitive {
		decoded := schema.at("x-decoded-schema")
		if refName(decoded) == "" || refName(schema.at("not")) != refName(decoded) {
			return fmt.Errorf("is sensitive, so the schema of its body needs x-decoded-schema, and the same in not: a reference to its params")
		}
		schema = decoded
	}
	op.Params = refName(schema)
	if doc.schemas().at(op.Params) == nil {
		return fmt.Errorf("the params need a schema of their own among the components")
	}
	op.RequiresParams = len(asTexts(doc.keyword(schema, "required"))) > 0
	return readEachParam(doc, op, schema)
}

// readEachParam lists the params by their dotted paths. The token, which all operations have, is first.
func readEachParam(doc *document, op *operation, schema *object) error {
	for _, param := range doc.params(schema, "") {
		if param.name == "token" {
			op.ParamOrder = slices.Insert(op.ParamOrder, 0, param.name)
		} else {
			op.ParamOrder = append(op.ParamOrder, param.name)
		}
		deprecation, err := readDeprecation(doc, param.schema)
		if err != nil {
			return fmt.Errorf("the param %s: %w", param.name, err)
		}
		if deprecation != nil {
			op.DeprecatedParams = append(op.DeprecatedParams, deprecatedParam{param.name, deprecation})
		}
	}
	return nil
}

// readIndex returns nil for an operation that lists nothing page by page.
func readIndex(doc *document, op *operation) (*index, error) {
	page := doc.property(doc.schemas().at(op.Params), "page")
	if page == nil {
		return nil, nil
	}
	largest, _ := doc.keyword(doc.property(page, "size"), "maximum").(int)
	success := op.outcome("action-successful")
	row, _ := doc.keyword(doc.property(doc.property(doc.schemas().at(success), "data"), "results"), "items").(*object)
	if largest == 0 || refName(row) == "" {
		return nil, fmt.Errorf("has the param page, so it needs page.size with a maximum, and data.results with a reference as items")
	}
	return &index{Success: success, Row: refName(row), LargestPage: largest}, nil
}
