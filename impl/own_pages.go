package impl

import (
	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/impl/web"
)

// ownPages registers the pages of the application planoauth: /account for all people, /console for employees. What
// somebody may see there is decided by the operations that they call.
func (s *Server) ownPages(e *echo.Echo) {
	for path, script := range map[string]web.Script{"/account": web.Account, "/console": web.Console} {
		e.GET(path, func(ec echo.Context) error {
			app := s.registry.newest.Load().appsBySlug["planoauth"]
			return s.showPage(ec, web.Document{Script: script, Title: app.Name, Application: webApplication(app)})
		})
	}
}
