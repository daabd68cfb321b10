package impl

import (
	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/web"
)

const explorerPath = "/docs"

// docs registers the explorer, which is Swagger UI on /openapi.yaml. All of its files are in the binary. The page is
// not swgui's, whose inline script web.Policy forbids.
func (s *Server) docs(e *echo.Echo) {
	show := func(ec echo.Context) error {
		return s.showReading(ec, web.Reading{Name: "explorer", Title: "Explorer"})
	}
	e.GET(explorerPath, show)
	e.GET(explorerPath+"/", show)

	// Swagger UI's own files are large and change only with its version.
	swaggerUI := echo.WrapHandler(v5emb.New("PlanoAuth", "/openapi.yaml", explorerPath))
	for _, asset := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		e.GET(explorerPath+"/"+asset, func(ec echo.Context) error {
			ec.Response().Header().Set("Cache-Control", "public, max-age=600")
			return swaggerUI(ec)
		})
	}
}

// explorerURL returns where the explorer shows an operation.
func explorerURL(op *gen.Operation) string {
	return explorerPath + "#/" + op.Service + "/" + string(op.ID)
}
