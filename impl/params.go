package impl

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/planoauth/planoauth/gen"
)

const (
	maxErrors    = 50
	maxParamName = 64 // characters of the name of an unknown param
)

// paramSchemas reads the schema of each operation's params from the embedded spec.
func paramSchemas() (map[*gen.Operation]*openapi3.Schema, error) {
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		return nil, err
	}
	schemas := map[*gen.Operation]*openapi3.Schema{}
	for _, op := range gen.Operations {
		schemas[op] = doc.Components.Schemas[op.Params].Value
	}
	return schemas, nil
}

// validation is how the schemas are applied: everything that is wrong is wanted, and two formats are our own.
func validation() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
		"email":        openapi3.NewCallbackValidator(checkEmail),
		"redirect-url": openapi3.NewCallbackValidator(checkRedirectURL),
	})}
}

// validate is step 8: all that is wrong with the params by the spec, in one answer.
func (s *Server) validate(c *call) (gen.Outcome, error) {
	for _, deprecated := range c.op.DeprecatedParams {
		if passed(c.params, deprecated.Param) {
			deprecated.Announce(c.header)
		}
	}
	found := c.tokenErrors()
	if broken := s.schemas[c.op].VisitJSON(c.params, s.validation...); broken != nil {
		var err error
		if found, err = appendParamErrors(found, broken); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		c.req.Body = validatedBody{Reader: http.NoBody, params: c.params}
		return nil, nil
	}
	found = c.sorted(found)
	missing := found[0].Rule == gen.Required
	found = found[:min(len(found), maxErrors)]
	if missing {
		return gen.MissingParam{Errors: found}, nil
	}
	return gen.InvalidParam{Errors: found}, nil
}

// passed says whether the param of this dotted path is there.
func passed(params map[string]any, path string) bool {
	name, below, deeper := strings.Cut(path, ".")
	value, there := params[name]
	if !deeper {
		return there
	}
	object, _ := value.(map[string]any)
	return passed(object, below)
}

// tokenErrors says what is wrong by the token, or the lack of one: some params are for applications only, which must pass them.
func (c *call) tokenErrors() (found []gen.ParamError) {
	if !c.tokenPresented {
		if c.op.TokenRequired {
			found = append(found, paramError("token", gen.Required, "is required"))
		}
		return found
	}
	for _, param := range c.op.ApplicationRequires {
		_, passed := c.params[param]
		switch {
		case c.caller != nil && !passed:
			found = append(found, paramError(param, gen.Required, "is required"))
		case c.caller == nil && passed:
			found = append(found, paramError(param, gen.Allowed, "is only for callers with an application token"))
		}
	}
	return found
}

// sorted puts what is missing first, and then follows the order of the spec; unknown params are last.
func (c *call) sorted(found []gen.ParamError) []gen.ParamError {
	order := func(e gen.ParamError) int {
		at := len(c.op.ParamOrder)
		if e.Rule != gen.AdditionalProperties {
			at = c.place(e.Param)
		}
		if e.Rule != gen.Required {
			at += len(c.op.ParamOrder) + 1
		}
		return at
	}
	slices.SortStableFunc(found, func(a, b gen.ParamError) int { return order(a) - order(b) })
	return found
}

// place is where the spec has a param, or for an item of a list, such as filters.0, the list.
func (c *call) place(param string) int {
	for {
		if at := slices.Index(c.op.ParamOrder, param); at >= 0 {
			return at
		}
		dot := strings.LastIndexByte(param, '.')
		if dot < 0 {
			return len(c.op.ParamOrder)
		}
		param = param[:dot]
	}
}

// validatedBody hands the generated code what was validated, so that nothing is decoded twice.
type validatedBody struct {
	io.Reader
	params map[string]any
}

func (b validatedBody) ValidatedValue() any { return b.params }
func (b validatedBody) Close() error        { return nil }

func paramError(param string, rule gen.ParamErrorRule, message string) gen.ParamError {
	return gen.ParamError{Param: param, Rule: rule, Message: message}
}

// appendParamErrors translates kin's errors, which repeat values in their own texts.
func appendParamErrors(found []gen.ParamError, err error) ([]gen.ParamError, error) {
	switch broken := err.(type) {
	case openapi3.MultiError:
		for _, err := range broken {
			if found, err = appendParamErrors(found, err); err != nil {
				return nil, err
			}
		}
	case *openapi3.SchemaError:
		var below openapi3.MultiError
		if broken.SchemaField == "allOf" && errors.As(broken.Origin, &below) {
			return appendParamErrors(found, below)
		}
		path := broken.JSONPointer()
		rule := gen.ParamErrorRule(broken.SchemaField)
		if _, text := broken.Value.(string); rule == gen.Enum && !text {
			rule = gen.Type // kin looks at the values first
		}
		if broken.SchemaField == "nullable" {
			rule = gen.Type // an item of a list; other nulls are absent
		}
		if broken.SchemaField == "properties" {
			rule = gen.AdditionalProperties
			path = append(slices.Clone(path), unknownName(broken.Reason))
		}
		found = append(found, paramError(strings.Join(path, "."), rule, messageFor(rule, broken.Schema)))
	default:
		return nil, err
	}
	return found, nil
}

// unknownName finds the name of an unknown param in kin's reason, the only place that has it.
func unknownName(reason string) string {
	quoted, _ := strconv.QuotedPrefix(strings.TrimPrefix(reason, "property "))
	name, _ := strconv.Unquote(quoted)
	if utf8.RuneCountInString(name) > maxParamName {
		name = string([]rune(name)[:maxParamName])
	}
	return name
}

func messageFor(rule gen.ParamErrorRule, schema *openapi3.Schema) string {
	switch rule {
	case gen.Required:
		return "is required"
	case gen.AdditionalProperties:
		return "is not a param of this operation"
	case gen.Type:
		return "must be of the type " + strings.Join(schema.Type.Slice(), " or ")
	case gen.Enum:
		return "must be one of " + strings.Trim(strings.ReplaceAll(fmt.Sprint(schema.Enum), " ", ", "), "[]")
	case gen.MinLength:
		return fmt.Sprintf("must have at least %d characters", schema.MinLength)
	case gen.MaxLength:
		return fmt.Sprintf("must have at most %d characters", *schema.MaxLength)
	case gen.Minimum:
		return fmt.Sprintf("must be at least %.0f", *schema.Min)
	case gen.Maximum:
		return fmt.Sprintf("must be at most %.0f", *schema.Max)
	case gen.Pattern:
		return "must be one line of visible text"
	case gen.Format:
		return "must be in the format " + schema.Format
	}
	return "is not valid"
}

var (
	errFormat = errors.New("not of this format")
	// emailForm is what HTML's input type=email takes, with a top-level domain. ASCII only, so that lower-casing merges
	// nobody's address with another's.
	emailForm = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])$")
)

func checkEmail(text string) error {
	if !emailForm.MatchString(strings.TrimSpace(text)) {
		return errFormat
	}
	return nil
}

// normalEmail is the form in which addresses are stored and compared.
func normalEmail(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// checkRedirectURL takes absolute http(s) URLs in ASCII; http only where it does not leave the machine.
func checkRedirectURL(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return errFormat
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil {
		return errFormat
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(strings.ToLower(u.Hostname()))) {
		return errFormat
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// canonicalOrigin is the origin of a URL as browsers write it: lower case, no port that the scheme implies.
func canonicalOrigin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	case scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
}
