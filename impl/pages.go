package impl

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

// pages registers everything outside /api/v1. Its answers have no envelope.
func (s *Server) pages(e *echo.Echo) {
	e.GET("/", s.showStart)
	e.GET("/openapi.yaml", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/yaml", gen.SpecYAML) })
	e.GET("/openapi.json", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/json", gen.SpecJSON) })
	s.docs(e)
	s.statusPages(e)
	e.GET("/assets/*", func(ec echo.Context) error {
		if !web.ServeAsset(ec.Response(), ec.Request()) {
			return echo.ErrNotFound
		}
		return nil
	})
	s.hostedPages(e)
	s.ownPages(e)
	s.linkPages(e)
	e.GET("/health/live", func(ec echo.Context) error { return ec.String(http.StatusOK, "live\n") })
	e.GET("/health/ready", s.ready)
	e.GET("/google/callback", s.googleCallback)
	e.GET("/applications/:slug/logo", s.logo)
	if mailbox, ok := s.Mailer.(*mailer.Mailbox); ok {
		s.mailboxPages(e, mailbox)
	}
}

// headAsGet lets pages answer HEAD as they answer GET. The server of net/http, which keeps the request as it
// came, sends no body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodHead && !isAPI(req.URL.Path) {
			req = req.WithContext(req.Context())
			req.Method = http.MethodGet
		}
		next.ServeHTTP(w, req)
	})
}
