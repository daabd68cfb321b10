package impl

import (
	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var noApplication = []gen.ParamError{paramError("application", gen.Exists, "there is no such application")}

// application finds an application by its slug, and says what is wrong with it or with the redirect URL.
func (c *call) application(slug, redirectURL string) (*db.Application, []gen.ParamError) {
	app := c.registry.appsBySlug[slug]
	if app == nil {
		return nil, noApplication
	}
	if redirectURL != "" && !allowsRedirect(app, redirectURL) {
		return app, redirectNotAllowed
	}
	return app, nil
}
