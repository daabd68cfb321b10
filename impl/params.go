package impl

import (
	"io"
	"net/http"
	"strings"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/validation"
)

// validate is step 8: it reports everything that the spec finds wrong with the params, in one answer.
func (s *Server) validate(c *call) (gen.Outcome, error) {
	announceDeprecated(c.op, c.params, c.header)
	trimParams(c.params)
	broken, err := s.validator.Params(c.op, c.params)
	if err != nil {
		return nil, err
	}
	found := append(broken, c.tokenErrors()...)
	if len(found) == 0 {
		c.req.Body = validatedBody{Reader: http.NoBody, params: c.params}
		return nil, nil
	}
	validation.Sort(c.op, found)
	missing := found[0].Rule == gen.Required
	found = found[:min(len(found), validation.MaxErrors)]
	if missing {
		return gen.MissingParam{Errors: found}, nil
	}
	return gen.InvalidParam{Errors: found}, nil
}

// trimParams removes the white space around e-mail addresses and phone numbers, so that it does not count for their
// length. A param of white space only stays as it is.
func trimParams(params map[string]any) {
	for _, name := range [...]string{"email", "phone"} {
		text, _ := params[name].(string)
		if trimmed := strings.TrimSpace(text); trimmed != "" && len(trimmed) < len(text) {
			params[name] = trimmed
		}
	}
	if client, nested := params["client"].(map[string]any); nested {
		trimParams(client)
	}
}

// announceDeprecated sets the headers Deprecation and Sunset for deprecated params that were passed.
func announceDeprecated(op *gen.Operation, params map[string]any, header http.Header) {
	for _, deprecated := range op.DeprecatedParams {
		if passed(params, deprecated.Param) {
			deprecated.Announce(header)
		}
	}
}

// passed reports whether the param of this dotted path is present.
func passed(params map[string]any, path string) bool { return param(params, path) != nil }

// param returns the value of the param of this dotted path, nil if it is absent.
func param(params map[string]any, path string) any {
	name, below, deeper := strings.Cut(path, ".")
	if !deeper {
		return params[name]
	}
	object, _ := params[name].(map[string]any)
	return param(object, below)
}

// tokenErrors reports params that do not fit the presented token: some are for applications only, and required of them.
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
		case c.clientApp != nil && !passed:
			found = append(found, paramError(param, gen.Required, "is required"))
		case c.clientApp == nil && passed:
			found = append(found, paramError(param, gen.Allowed, "is only for callers with an application token"))
		}
	}
	return found
}

// validatedBody passes the validated params to the generated code, so that nothing is decoded twice.
type validatedBody struct {
	io.Reader
	params map[string]any
}

func (b validatedBody) ValidatedValue() any { return b.params }
func (b validatedBody) Close() error        { return nil }
