package impl

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/gen"
)

//go:embed pages/statuses.html pages/statuses.css
var statusFiles embed.FS

// statusTemplate has two blocks: list for the whole catalogue, status for one slug.
var statusTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"text": http.StatusText,
	"explorer": func(operation string) string {
		at := slices.IndexFunc(gen.Operations, func(op *gen.Operation) bool { return string(op.ID) == operation })
		return "/docs#/" + gen.Operations[at].Service + "/" + operation
	},
	// code escapes a text and renders its backticks as code.
	"code": func(text string) template.HTML {
		parts := strings.Split(template.HTMLEscapeString(text), "`")
		for i := 1; i+1 < len(parts); i += 2 {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
		return template.HTML(strings.Join(parts, ""))
	},
}).ParseFS(statusFiles, "pages/statuses.html"))

const statusPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// statusPages registers the catalogue of status slugs, to which the Link header of each refusal points.
// Browsers get pages, all other clients JSON.
func statusPages(e *echo.Echo) {
	catalogue := map[string][]*gen.Status{"statuses": gen.Statuses}
	e.GET("/statuses", func(ec echo.Context) error { return showStatuses(ec, "list", gen.Statuses, catalogue) })
	e.FileFS("/statuses.css", "pages/statuses.css", statusFiles)
	for _, status := range gen.Statuses {
		e.GET("/statuses/"+status.Slug, func(ec echo.Context) error { return showStatuses(ec, "status", status, status) })
	}
}

func showStatuses(ec echo.Context, block string, page, data any) error {
	header := ec.Response().Header()
	header.Set("Vary", "Accept")
	if !strings.Contains(ec.Request().Header.Get("Accept"), "text/html") {
		return ec.JSON(http.StatusOK, data)
	}
	var html bytes.Buffer
	if err := statusTemplate.ExecuteTemplate(&html, block, page); err != nil {
		return err
	}
	header.Set("Content-Security-Policy", statusPolicy)
	return ec.HTMLBlob(http.StatusOK, html.Bytes())
}
