package impl

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/impl/web"
)

var notFound = noticeText{
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

var crashed = noticeText{
	web.English: {
		"Something went wrong",
		"That is our fault, and we have been notified. Try again in a few minutes. If you ask for help, pass on the code below.",
		"Go to the start page",
	},
	web.Spanish: {
		"Algo ha fallado",
		"Es culpa nuestra y ya nos ha llegado el aviso. Inténtalo de nuevo dentro de unos minutos. " +
			"Si pides ayuda, indica el código de abajo.",
		"Ir a la página de inicio",
	},
}

// answerPageError answers a request outside the API that has no page, or whose page crashed. Browsers get a page, other
// clients text or, of a crash, the envelope. It reports whether it has answered.
func (s *Server) answerPageError(ec echo.Context, c *call, noRoute bool, err error) bool {
	shows := acceptsHTML(c.req) && (c.req.Method == http.MethodGet || c.req.Method == http.MethodHead || c.req.Method == http.MethodPost)
	switch {
	case noRoute && shows:
		err = s.showNotice(ec, http.StatusNotFound, notFound.notice(nil, "/"))
	case noRoute:
		http.NotFound(ec.Response(), c.req)
		return true
	case shows:
		s.crash(c, err)
		err = s.showNotice(ec, http.StatusInternalServerError, crashed.notice(nil, "/"))
	default:
		return false
	}
	if err != nil {
		s.log(c).Warn("writing a page failed", "cause", err.Error())
	}
	return true
}
