package impl

import (
	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/impl/web"
)

// ownPages registers the pages of the application planoauth: /account for all people, /console for employees. Which
// data they show is decided by the operations that they call.
func (s *Server) ownPages(e *echo.Echo) {
	for path, document := range map[string]web.Document{
		"/account": {Script: web.Account}, "/console": {Script: web.Console, Styles: []string{web.URL("console.css")}},
	} {
		e.GET(path, func(ec echo.Context) error {
			app := s.registry.newest.Load().appsBySlug["planoauth"]
			document := document
			document.Title, document.Application = app.Name, webApplication(app)
			return s.showPage(ec, document)
		})
	}
}
