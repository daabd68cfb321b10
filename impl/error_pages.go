package impl

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/impl/web"
)

// errorTexts are those of a page that says what went wrong.
type errorTexts struct{ title, message, label string }

var notFoundTexts = map[web.Language]errorTexts{
	web.English: {
		"Page not found",
		"There is no page at this address. If you typed it, check it. If a link led here, it may be old.",
		"Go to the start page",
	},
	web.Spanish: {
		"Página no encontrada",
		"No hay ninguna página en esta dirección. Si la escribiste, revísala. Si te trajo un enlace, puede ser antiguo.",
		"Ir a la página de inicio",
	},
}

var crashTexts = map[web.Language]errorTexts{
	web.English: {
		"Something went wrong",
		"That is our fault, and we have been notified. Try again in a while. If you ask for help, pass on this number.",
		"Go to the start page",
	},
	web.Spanish: {
		"Algo ha fallado",
		"Es culpa nuestra, y ya se nos ha avisado. Inténtalo de nuevo dentro de un rato. Si pides ayuda, indica este número.",
		"Ir a la página de inicio",
	},
}

// showError answers a browser with a page instead of an envelope.
func (s *Server) showError(ec echo.Context, code int, texts map[web.Language]errorTexts, requestID string) error {
	in := texts[web.LanguageOf(ec.Request())]
	return s.showNotice(ec, code, web.Notice{Title: in.title, Message: in.message, RequestID: requestID, Link: "/", Label: in.label})
}

// answerPageError answers a request outside the API that has no page, or whose page crashed. Browsers get a page, other
// clients text or, of a crash, the envelope. It reports whether it has answered.
func (s *Server) answerPageError(ec echo.Context, c *call, noRoute bool, err error) bool {
	shows := acceptsHTML(c.req) && (c.req.Method == http.MethodGet || c.req.Method == http.MethodHead || c.req.Method == http.MethodPost)
	switch {
	case noRoute && shows:
		err = s.showError(ec, http.StatusNotFound, notFoundTexts, "")
	case noRoute:
		http.NotFound(ec.Response(), c.req)
		return true
	case shows:
		s.crash(c, err)
		err = s.showError(ec, http.StatusInternalServerError, crashTexts, c.id)
	default:
		return false
	}
	if err != nil {
		s.log(c).Warn("writing a page failed", "cause", err.Error())
	}
	return true
}
