package admin

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/validation"
)

// schema names a component schema of openapi.yaml.
type schema string

const (
	companyName schema = "CompanyName"
	email       schema = "Email"
	personName  schema = "Name"
	redirectURL schema = "RedirectURL"
)

// schemas lists all of the above.
var schemas = []schema{companyName, email, personName, redirectURL}

// validator is built at its first use, since not every verb needs it.
var validator = sync.OnceValues(validation.New)

// checkText checks the text of an argument against a schema of openapi.yaml.
func checkText(argument string, schema schema, text string) error {
	validator, err := validator()
	if err != nil {
		return err
	}
	found, err := validator.Component(string(schema), text)
	if len(found) > 0 {
		return fmt.Errorf("%s %s", argument, found[0].Message)
	}
	return err
}

var slugPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func checkSlug(slug string) error {
	if !slugPattern.MatchString(slug) {
		return errors.New("SLUG must start with a lower-case letter, followed by lower-case letters, digits and hyphens; at most 63 characters")
	}
	return nil
}

// planoauthSlug is the slug of PlanoAuth's own application.
const planoauthSlug = "planoauth"

func checkURL(slug, text string) error {
	switch {
	case slug == planoauthSlug:
		return errors.New("--url cannot be set for planoauth: its url is PUBLIC_URL")
	case text != "" && (checkText("--url", redirectURL, text) != nil || formats.CheckOrigin(formats.Origin(text)) != nil):
		return errors.New("--url must be an absolute https URL, or an http URL on this machine, " +
			"whose host is a name without wildcards or an IP address")
	}
	return nil
}

const (
	maxOrigins      = 99  // the origin of the application's url is the hundredth in an answer
	maxOriginLength = 300 // characters of one origin in an answer
)

// parseOrigins returns the origins that a flag names, each once. A single empty text stands for no origins.
func parseOrigins(flag string, texts []string) (origins []string, err error) {
	if slices.Equal(texts, []string{""}) {
		return []string{}, nil
	}
	for i, text := range texts {
		texts[i] = strings.TrimSpace(text)
		if formats.CheckOrigin(texts[i]) != nil || len(formats.Origin(texts[i])) > maxOriginLength {
			return nil, errors.New(flag + " must be an origin such as https://app.example or https://app.example:8443: " +
				"no path, query, fragment or wildcard, " +
				"a host beyond ASCII as punycode, and http only on this machine")
		}
	}
	origins = formats.Origins(texts)
	return origins, checkCount(origins)
}

func checkCount(origins []string) error {
	if len(origins) > maxOrigins {
		return fmt.Errorf("an application can have at most %d redirect origins", maxOrigins)
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
