package impl

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
)

//go:embed pages/index.html
var indexPage []byte

// pages registers everything outside /api/v1. Its answers have no envelope.
func (s *Server) pages(e *echo.Echo) {
	e.GET("/", func(ec echo.Context) error { return ec.HTMLBlob(http.StatusOK, indexPage) })
	e.GET("/openapi.yaml", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/yaml", gen.SpecYAML) })
	e.GET("/openapi.json", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/json", gen.SpecJSON) })
	docs(e)
	statusPages(e)
	s.linkPages(e)
	e.GET("/health/live", func(ec echo.Context) error { return ec.String(http.StatusOK, "live\n") })
	e.GET("/health/ready", s.ready)
	e.GET("/google/callback", s.googleCallback)
	e.GET("/applications/:slug/logo", s.logo)
	if mailbox, ok := s.Mailer.(*mailer.Mailbox); ok {
		e.GET("/dev/mail", echo.WrapHandler(mailbox))
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
