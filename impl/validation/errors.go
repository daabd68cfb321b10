package validation

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/planoauth/planoauth/gen"
)

const maxNameLength = 64 // characters of the name of an unknown param

// paramErrors translates kin-openapi's errors and appends them to found. It returns an error of any other
// type unchanged.
func paramErrors(found []gen.ParamError, err error) ([]gen.ParamError, error) {
	switch broken := err.(type) {
	case openapi3.MultiError:
		for _, err := range broken {
			if found, err = paramErrors(found, err); err != nil {
				return nil, err
			}
		}
	case *openapi3.SchemaError:
		var below openapi3.MultiError
		if broken.SchemaField == "allOf" && errors.As(broken.Origin, &below) {
			return paramErrors(found, below)
		}
		path := broken.JSONPointer()
		rule := gen.ParamErrorRule(broken.SchemaField)
		if _, text := broken.Value.(string); rule == gen.Enum && !text {
			rule = gen.Type // kin checks the enum before the type
		}
		if broken.SchemaField == "nullable" {
			rule = gen.Type // a null in a list; all other nulls were removed before
		}
		if broken.SchemaField == "properties" {
			rule = gen.AdditionalProperties
			path = append(slices.Clone(path), unknownName(broken.Reason))
		}
		found = append(found, gen.ParamError{
			Param: strings.Join(path, "."), Rule: rule, Message: message(rule, broken.Schema, broken.Value),
		})
	default:
		return nil, err
	}
	return found, nil
}

// unknownName reads the name of an unknown param from kin's reason, the only place that contains it.
func unknownName(reason string) string {
	quoted, _ := strconv.QuotedPrefix(strings.TrimPrefix(reason, "property "))
	name, _ := strconv.Unquote(quoted)
	if utf8.RuneCountInString(name) > maxNameLength {
		name = string([]rune(name)[:maxNameLength])
	}
	return name
}

// message says for a person what the rule asks for, of a param with this value.
func message(rule gen.ParamErrorRule, schema *openapi3.Schema, value any) string {
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
		if schema.MinLength == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", schema.MinLength)
	case gen.MaxLength:
		return fmt.Sprintf("must have at most %d characters", *schema.MaxLength)
	case gen.Minimum:
		return fmt.Sprintf("must be at least %.0f", *schema.Min)
	case gen.Maximum:
		return fmt.Sprintf("must be at most %.0f", *schema.Max)
	case gen.Pattern:
		if text, ok := schema.Extensions["x-pattern-message"].(string); ok {
			return text
		}
		if text, ok := value.(string); ok && strings.TrimSpace(text) == "" {
			return "must not be blank"
		}
		return "must be one line of visible text"
	case gen.Format:
		if schema.Format == "email" {
			return "must be an e-mail address such as ada@example.com"
		}
		return "must be in the format " + schema.Format
	default:
		return "is not valid"
	}
}
