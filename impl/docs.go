package impl

import (
	"embed"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// The page is our own because swgui's has its script inline, which explorerPolicy forbids.
//
//go:embed pages/docs.html pages/docs.css pages/explorer.js
var explorerFiles embed.FS

// explorerPolicy lets the explorer, into which people type passwords, load and call nothing but this server. The pictures in
// Swagger UI's stylesheet are data: URLs.
const explorerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs is the explorer: Swagger UI on /openapi.yaml, from the binary.
func docs(e *echo.Echo) {
	fresh := explorerHeaders("no-store")
	e.FileFS("/docs", "pages/docs.html", explorerFiles, fresh)
	e.FileFS("/docs/", "pages/docs.html", explorerFiles, fresh)
	e.FileFS("/docs/docs.css", "pages/docs.css", explorerFiles, fresh)
	e.FileFS("/docs/explorer.js", "pages/explorer.js", explorerFiles, fresh)

	// These are large, and change only with the version of Swagger UI.
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
