package impl

import (
	"net/url"
	"slices"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

var (
	redirectMissing    = []gen.ParamError{paramError("redirect_url", gen.Required, "is required, since the application has no url")}
	redirectNotAllowed = []gen.ParamError{paramError("redirect_url", gen.Allowed, "is not at an origin of this application")}
)

// allowsRedirect reports whether a redirect URL is at one of the application's origins. That the URL is well
// formed and safe is checked before, by the spec's format redirect-url: formats.CheckRedirectURL.
func allowsRedirect(app *db.Application, redirectURL string) bool {
	origin := formats.Origin(redirectURL)
	return origin != "" && slices.Contains(app.RedirectOrigins, origin)
}

// googlePages are the pages of PlanoAuth that Google may lead back to, for every application.
var googlePages = []string{"/sign-in", "/register", "/account"}

// allowsGoogleRedirect reports whether Google may lead back to a redirect URL: one at an origin of the application, or a
// page of PlanoAuth itself.
func (s *Server) allowsGoogleRedirect(app *db.Application, redirectURL string) bool {
	if allowsRedirect(app, redirectURL) {
		return true
	}
	u, err := url.Parse(redirectURL)
	return err == nil && formats.Origin(redirectURL) == s.Settings.PublicURL && slices.Contains(googlePages, u.EscapedPath())
}

// nextURL returns where a link leads: its redirect URL if the application still allows it, else the
// application's own URL, else "". Both are checked in full, because operators may write them by SQL.
func nextURL(link *db.Link, app *db.Application) string {
	for _, address := range []string{link.RedirectURL, app.URL} {
		if formats.CheckRedirectURL(address) == nil && allowsRedirect(app, address) {
			return address
		}
	}
	return ""
}
