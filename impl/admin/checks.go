package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/validation"
)

// schema names a component schema of openapi.yaml.
type schema string

const (
	accentColor        schema = "AccentColor"
	companyName        schema = "CompanyName"
	email              schema = "Email"
	newApplicationSlug schema = "NewApplicationSlug"
	personName         schema = "Name"
	redirectURL        schema = "RedirectURL"
)

// schemas lists all of the above.
var schemas = []schema{accentColor, companyName, email, newApplicationSlug, personName, redirectURL}

// brokenRule is the rule that a value breaks. The message continues a sentence that begins with the value's name.
type brokenRule struct {
	rule    gen.ParamErrorRule
	message string
}

// of returns the rule as an error about an argument of the command.
func (b *brokenRule) of(argument string) error {
	if b == nil {
		return nil
	}
	return fmt.Errorf("%s %s", argument, b.message)
}

// validator is built at its first use, since not every verb needs it. The embedded spec is always readable.
var validator = sync.OnceValue(func() *validation.Validator {
	v, err := validation.New()
	if err != nil {
		panic(err)
	}
	return v
})

// checkSchema checks a text against a schema of openapi.yaml.
func checkSchema(schema schema, text string) *brokenRule {
	found, err := validator().Component(string(schema), text)
	switch {
	case err != nil:
		panic(err) // no error of the schema's: TestSchemas would find that
	case len(found) == 0:
		return nil
	}
	return &brokenRule{found[0].Rule, found[0].Message}
}

// checkText checks the text of an argument against a schema of openapi.yaml.
func checkText(argument string, schema schema, text string) error {
	return checkSchema(schema, text).of(argument)
}

func checkSlug(slug string) error { return checkText("SLUG", newApplicationSlug, slug) }

// planoauthSlug is the slug of PlanoAuth's own application.
const planoauthSlug = "planoauth"

func checkURL(slug, text string) *brokenRule {
	switch {
	case slug == planoauthSlug:
		return &brokenRule{gen.Allowed, "cannot be set for planoauth: its url is PUBLIC_URL"}
	case text != "" && (checkSchema(redirectURL, text) != nil || formats.CheckOrigin(formats.Origin(text)) != nil):
		return &brokenRule{gen.Format, "must be an absolute https URL, or an http URL on this machine, " +
			"whose host is a name without wildcards or an IP address"}
	}
	return nil
}

func checkAdmits(slug string, admits []db.Role) *brokenRule {
	switch {
	case len(admits) == 0:
		return &brokenRule{gen.MinLength, "must name at least one of client, employee and liaison"}
	case slug == planoauthSlug && !slices.Contains(admits, db.RoleEmployee):
		return &brokenRule{gen.Allowed, "must include employee for planoauth"}
	}
	return nil
}

const (
	maxOrigins      = 99  // the origin of the application's url is the hundredth in an answer
	maxOriginLength = 300 // characters of one origin in an answer
)

var errNoSuchOrigin = errors.New("--remove-redirect-origin must be one of the application's redirect origins, " +
	"as `planoauth application list` prints them")

// parseOrigins returns the origins of these texts, each once. A single empty text stands for no origins.
func parseOrigins(slug string, texts []string) (origins []string, _ *brokenRule) {
	if slug == planoauthSlug {
		return nil, &brokenRule{gen.Allowed, "cannot be set for planoauth, whose sessions administrators have"}
	}
	if slices.Equal(texts, []string{""}) {
		return []string{}, nil
	}
	for i, text := range texts {
		texts[i] = strings.TrimSpace(text)
		if formats.CheckOrigin(texts[i]) != nil || len(formats.Origin(texts[i])) > maxOriginLength {
			return nil, &brokenRule{gen.Format, "must be an origin such as https://app.example or https://app.example:8443: " +
				"no path, query, fragment or wildcard, " +
				"a host beyond ASCII as punycode, and http only on this machine"}
		}
	}
	origins = formats.Origins(texts)
	return origins, checkCount(origins)
}

func checkCount(origins []string) *brokenRule {
	if len(origins) > maxOrigins {
		return &brokenRule{gen.MaxLength, fmt.Sprintf("must leave the application at most %d redirect origins", maxOrigins)}
	}
	return nil
}

const maxSupportURL = 2048 // characters

func checkSupportURL(text string) *brokenRule {
	if text != "" && (formats.CheckHelpURL(text) != nil || len(text) > maxSupportURL) {
		return &brokenRule{gen.Format, "must be an https URL such as https://help.example, or a mailto URL such as mailto:help@app.example"}
	}
	return nil
}

// checkName checks the first or last name of a person; an empty one is allowed.
func checkName(flag, name string) error {
	switch {
	case name == "":
		return nil
	case formats.ContainsURL(name):
		return errors.New(flag + " must not contain a URL")
	}
	return checkText(flag, personName, name)
}
