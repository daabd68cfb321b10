package validation

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// MaxErrors is how many errors an answer lists at most.
const MaxErrors = 50

// Validator holds the schemas of params of openapi.yaml.
type Validator struct {
	components openapi3.Schemas
	params     map[*gen.Operation]*openapi3.Schema
	options    []openapi3.SchemaValidationOption
}

// New returns the schemas of the embedded spec, which are read once.
var New = sync.OnceValues(read)

func read() (*Validator, error) {
	text, err := paramSchemas()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	checked := map[string]openapi3.StringFormatValidator{
		"email":        openapi3.NewCallbackValidator(formats.CheckEmail),
		"redirect-url": openapi3.NewCallbackValidator(formats.CheckRedirectURL),
	}
	v := &Validator{
		components: doc.Components.Schemas,
		params:     map[*gen.Operation]*openapi3.Schema{},
		options:    []openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.WithStringFormatValidators(checked)},
	}
	for _, op := range gen.Operations {
		v.params[op] = v.components[op.Params].Value
	}
	return v, nil
}

// paramSchemas returns the spec with those schemas alone that params have. To read the others would take most of the time in
// which the server starts.
func paramSchemas() ([]byte, error) {
	type components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	}
	var spec struct {
		OpenAPI    string          `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Paths      struct{}        `json:"paths"`
		Components components      `json:"components"`
	}
	if err := json.Unmarshal(gen.SpecJSON, &spec); err != nil {
		return nil, err
	}
	of := components{map[string]json.RawMessage{}}
	var add func(name string)
	add = func(name string) {
		if of.Schemas[name] != nil {
			return
		}
		of.Schemas[name] = spec.Components.Schemas[name]
		for _, ref := range schemaRef.FindAllSubmatch(of.Schemas[name], -1) {
			add(string(ref[1]))
		}
	}
	for _, op := range gen.Operations {
		add(op.Params)
	}
	spec.Components = of
	return json.Marshal(spec)
}

var schemaRef = regexp.MustCompile(`"#/components/schemas/(\w+)"`)

// Params returns what is wrong with the params of an operation, in no particular order: see Sort.
func (v *Validator) Params(op *gen.Operation, params map[string]any) ([]gen.ParamError, error) {
	broken := v.params[op].VisitJSON(params, v.options...)
	if broken == nil {
		return nil, nil
	}
	return paramErrors(nil, broken)
}

// Component returns what is wrong with a value of the component schema of this name, such as "Email", which params must have.
func (v *Validator) Component(name string, value any) ([]gen.ParamError, error) {
	broken := v.components[name].Value.VisitJSON(value, v.options...)
	if broken == nil {
		return nil, nil
	}
	return paramErrors(nil, broken)
}

// Sort puts missing params first, then follows the order of the spec; unknown params are last.
func Sort(op *gen.Operation, found []gen.ParamError) []gen.ParamError {
	order := func(e gen.ParamError) int {
		at := len(op.ParamOrder)
		if e.Rule != gen.AdditionalProperties {
			at = position(op, e.Param)
		}
		if e.Rule != gen.Required {
			at += len(op.ParamOrder) + 1
		}
		return at
	}
	slices.SortStableFunc(found, func(a, b gen.ParamError) int { return order(a) - order(b) })
	return found
}

// position is the index of a param in the spec. An item of a list, such as filters.0, has the index of its
// list.
func position(op *gen.Operation, param string) int {
	for {
		if at := slices.Index(op.ParamOrder, param); at >= 0 {
			return at
		}
		dot := strings.LastIndexByte(param, '.')
		if dot < 0 {
			return len(op.ParamOrder)
		}
		param = param[:dot]
	}
}
