package impl

import (
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/web"
)

// hostedPage is what the script of /sign-in, /register and /forgot is told. From there the browser goes back to the
// product with the challenge's token.
type hostedPage struct {
	Path        string `json:"path"`
	RedirectURL string `json:"redirect_url,omitempty"`
	Challenge   string `json:"challenge,omitempty"`
}

// challengeFormat is that of sessions/hand_over.
var challengeFormat = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// hostedPages registers the pages that products send people to.
func (s *Server) hostedPages(e *echo.Echo) {
	for _, path := range []string{"/sign-in", "/register", "/forgot"} {
		e.GET(path, s.showHosted)
	}
}

// showHosted checks what the product passed, before anybody types a password.
func (s *Server) showHosted(ec echo.Context) error {
	query := ec.QueryParams()
	app := s.registry.newest.Load().appsBySlug[query.Get("application")]
	page := hostedPage{Path: ec.Path(), RedirectURL: query.Get("redirect_url"), Challenge: query.Get("challenge")}
	if wrong := page.check(app); len(wrong) > 0 {
		return s.showNotice(ec, http.StatusBadRequest, web.Notice{
			Title: "This page was opened in the wrong way", Message: "The product that sent you here has to be mended. Its developers can see here what is wrong.", Details: wrong,
		})
	}
	return s.showPage(ec, web.Document{Script: web.Hosted, Title: app.Name, Application: webApplication(app), Page: page})
}

// check returns what is wrong with the query, for the product's developers.
func (p *hostedPage) check(app *db.Application) (wrong []string) {
	if app == nil {
		return []string{"application: there is no such application"}
	}
	next := p.RedirectURL
	if next == "" {
		next = app.URL
	}
	if formats.CheckRedirectURL(next) != nil || !allowsRedirect(app, next) {
		wrong = append(wrong, "redirect_url: it must be at one of the application's redirect origins")
	}
	if !challengeFormat.MatchString(p.Challenge) {
		wrong = append(wrong, "challenge: it must be the S256 challenge of a verifier (RFC 7636), 43 characters of base64url")
	}
	return wrong
}
