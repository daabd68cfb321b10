package impl

import (
	"net/url"
	"slices"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// application finds an application by its slug, and says what is wrong with it or with the redirect URL.
func (c *call) application(slug, redirectURL string) (*db.Application, []gen.ParamError) {
	app := c.registry.bySlug[slug]
	if app == nil {
		return nil, []gen.ParamError{paramError("application", gen.Exists, "there is no such application")}
	}
	if redirectURL != "" && !allowsRedirect(app, redirectURL) {
		return app, []gen.ParamError{paramError("redirect_url", gen.Allowed, "is not at an origin of this application")}
	}
	return app, nil
}

// allowsRedirect judges a URL that checkRedirectURL has let pass.
func allowsRedirect(app *db.Application, redirectURL string) bool {
	u, err := url.Parse(redirectURL)
	return err == nil && slices.Contains(app.RedirectOrigins, canonicalOrigin(u))
}
