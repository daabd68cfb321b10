package impl

import (
	"slices"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
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

// allowsRedirect judges a URL that formats.CheckRedirectURL has let pass.
func allowsRedirect(app *db.Application, redirectURL string) bool {
	origin := formats.Origin(redirectURL)
	return origin != "" && slices.Contains(app.RedirectOrigins, origin)
}
