package impl

import (
	"net/url"
	"slices"
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var noApplication = []gen.ParamError{paramError("application", gen.Exists, "there is no such application")}

// noRedirect refuses a request for which there is nowhere to go next.
var noRedirect = []gen.ParamError{paramError("redirect_url", gen.Required, "is required, since the application has no url")}

// application finds an application by its slug, and says what is wrong with it or with the redirect URL.
func (c *call) application(slug, redirectURL string) (*db.Application, []gen.ParamError) {
	app := c.registry.appsBySlug[slug]
	if app == nil {
		return nil, noApplication
	}
	if redirectURL != "" && !allowsRedirect(app, redirectURL) {
		return app, []gen.ParamError{paramError("redirect_url", gen.Allowed, "is not at an origin of this application")}
	}
	return app, nil
}

// standing is what a user may do in an application.
type standing int

const (
	admitted   standing = iota
	recordless          // no record at all: may become a client
	roleless            // has records, but none that is active and admitted
)

// standingOf decides who is in: by the user's records, and the kinds of them that the application admits.
func standingOf(user *db.User, app *db.Application) standing {
	switch {
	case user.Records.None():
		return recordless
	case !user.Records.HasRole(app.Admits):
		return roleless
	}
	return admitted
}

// withQuery adds values to the query of a URL that has been judged. What stands there already by these names goes: it would be
// somebody else's. All else stays as it was written.
func withQuery(address string, values url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	var query []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if _, ours := values[name]; pair != "" && (err != nil || !ours) {
			query = append(query, pair)
		}
	}
	u.RawQuery = strings.Join(append(query, values.Encode()), "&")
	return u.String()
}

// allowsRedirect judges a URL that checkRedirectURL has let pass.
func allowsRedirect(app *db.Application, redirectURL string) bool {
	u, err := url.Parse(redirectURL)
	return err == nil && slices.Contains(app.RedirectOrigins, canonicalOrigin(u))
}
