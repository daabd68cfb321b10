package impl

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/web"
)

// statusGroup are the statuses of one HTTP code.
type statusGroup struct {
	Code     int
	Statuses []*gen.Status
}

// statusPage is the page of one status.
type statusPage struct {
	*gen.Status
	Explorer map[string]string // the URLs of operations in the explorer, by operation id
}

// statusPages registers the catalogue of status slugs, to which the Link header of each refusal points.
// Browsers get pages, all other clients JSON.
func (s *Server) statusPages(e *echo.Echo) {
	var groups []statusGroup
	for _, status := range gen.Statuses {
		if len(groups) == 0 || groups[len(groups)-1].Code != status.Code {
			groups = append(groups, statusGroup{Code: status.Code})
		}
		last := &groups[len(groups)-1]
		last.Statuses = append(last.Statuses, status)
	}
	explorer := map[string]string{}
	for _, op := range gen.Operations {
		explorer[string(op.ID)] = explorerURL(op)
	}
	show := func(path string, data any, page web.Reading) {
		e.GET(path, func(ec echo.Context) error {
			ec.Response().Header().Set("Vary", "Accept")
			if !acceptsHTML(ec.Request()) {
				return ec.JSON(http.StatusOK, data)
			}
			return s.showReading(ec, page)
		})
	}
	show("/statuses", map[string][]*gen.Status{"statuses": gen.Statuses},
		web.Reading{Name: "statuses", Title: "Statuses", Data: map[string]any{"Groups": groups}})
	for _, status := range gen.Statuses {
		show("/statuses/"+status.Slug, status, web.Reading{Name: "status", Title: status.Slug, Data: statusPage{status, explorer}})
	}
}

// Varies reports whether the status only says that it worked, and each operation answers something else with it.
func (p statusPage) Varies() bool { return p.Retry == "" && len(p.Meanings) > 1 }

// acceptsHTML reports whether a request comes from a browser that shows a page.
func acceptsHTML(req *http.Request) bool {
	return strings.Contains(req.Header.Get("Accept"), "text/html")
}
