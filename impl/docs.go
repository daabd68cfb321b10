package impl

import (
	"embed"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// The page is not swgui's, whose inline script explorerPolicy forbids.
//
//go:embed pages/docs.html pages/docs.css pages/explorer.js
var explorerFiles embed.FS

// explorerPolicy restricts the explorer, into which people type passwords, to this server. Swagger UI's
// stylesheet has images as data: URLs.
const explorerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs registers the explorer, which is Swagger UI on /openapi.yaml. All of its files are in the binary.
func docs(e *echo.Echo) {
	fresh := explorerHeaders("no-store")
	e.FileFS("/docs", "pages/docs.html", explorerFiles, fresh)
	e.FileFS("/docs/", "pages/docs.html", explorerFiles, fresh)
	e.FileFS("/docs/docs.css", "pages/docs.css", explorerFiles, fresh)
	e.FileFS("/docs/explorer.js", "pages/explorer.js", explorerFiles, fresh)

	// Swagger UI's own files are large and change only with its version.
	cached := explorerHeaders("public, max-age=600")
	swaggerUI := echo.WrapHandler(v5emb.New("PlanoAuth", "/openapi.yaml", "/docs"))
	for _, asset := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"} {
		e.GET("/docs/"+asset, swaggerUI, cached)
	}
}

func explorerHeaders(cacheControl string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			header := ec.Response().Header()
			header.Set("Cache-Control", cacheControl)
			header.Set("Content-Security-Policy", explorerPolicy)
			header.Set("Referrer-Policy", "no-referrer")
			return next(ec)
		}
	}
}
