package impl

import (
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/web"
)

// noticeText is what a page says that has no script, in each language. A %s stands for the name of an application.
type noticeText map[web.Language]struct{ title, message, label string }

// notice returns the notice of an application, nil for PlanoAuth, with a way on, "" for none, and details for
// developers.
func (t noticeText) notice(app *db.Application, link string, details ...string) func(web.Language) web.Notice {
	return func(language web.Language) web.Notice {
		said := t[language]
		notice := web.Notice{Title: said.title, Message: said.message, Link: link, Label: said.label, Details: details}
		if app != nil {
			notice.Application = webApplication(app)
			notice.Message = strings.ReplaceAll(said.message, "%s", app.Name)
			notice.Label = strings.ReplaceAll(said.label, "%s", app.Name)
		}
		return notice
	}
}

// wronglyOpenedBy returns the notice about a mistake of a product, with the way back to the product if it is known. The
// application may be nil.
func wronglyOpenedBy(app *db.Application, wrong []string) func(web.Language) web.Notice {
	link := ""
	if app != nil {
		link = webApplication(app).URL
	}
	return wronglyOpened.notice(app, link, wrong...)
}

var wronglyOpened = noticeText{
	web.English: {
		"This page cannot be opened like this",
		"There is a mistake in the site that sent you here, and its developers have to fix it. " +
			"Your account is not affected. Go back to the site, and try again later.",
		"Back to %s",
	},
	web.Spanish: {
		"Esta página no se puede abrir así",
		"Hay un error en el sitio que te ha enviado aquí, y sus desarrolladores tienen que corregirlo. " +
			"Tu cuenta no se ve afectada. Vuelve al sitio e inténtalo más tarde.",
		"Volver a %s",
	},
}

var foreign = noticeText{
	web.English: {
		"We stopped this request",
		"A site that is not allowed to do so tried to open your registration. Nothing has happened to your account. " +
			"Go back to the site that you wanted to use, and start again there.", "",
	},
	web.Spanish: {
		"Hemos detenido esta solicitud",
		"Un sitio que no tiene permiso para ello ha intentado abrir tu registro. No le ha pasado nada a tu cuenta. " +
			"Vuelve al sitio que querías usar y empieza de nuevo allí.", "",
	},
}

const foreignDetail = "`Origin`: it must be one of the application's redirect origins. A page with " +
	"`Referrer-Policy: no-referrer` sends `null`. The default of browsers, `strict-origin-when-cross-origin`, is right."

var tooOften = noticeText{
	web.English: {"Too many attempts", "Too many requests came from your network. Wait a minute, go back, and try again.", ""},
	web.Spanish: {
		"Demasiados intentos",
		"Han llegado demasiadas solicitudes desde tu red. Espera un minuto, vuelve atrás e inténtalo de nuevo.", "",
	},
}

// signedOutBy returns the notice about a session that has ended, with the slug that says why.
func signedOutBy(slug string, app *db.Application, link string) func(web.Language) web.Notice {
	return func(language web.Language) web.Notice {
		notice := signedOut.notice(app, link)(language)
		notice.Slug = slug
		return notice
	}
}

var signedOut = noticeText{
	web.English: {
		"You are not signed\u00a0in any more",
		"Your sign-in to %s has ended. Go back and sign in again to finish your registration.", "Back to %s",
	},
	web.Spanish: {
		"Ya no tienes la sesión iniciada",
		"Tu sesión en %s ha terminado. Vuelve e inicia sesión de nuevo para terminar tu registro.", "Volver a %s",
	},
}

var registeredAlready = noticeText{
	web.English: {"You are registered", "You can use %s now. There is nothing left to do here.", "Continue to %s"},
	web.Spanish: {"Ya te has registrado", "Ya puedes usar %s. No tienes que hacer nada más aquí.", "Continuar a %s"},
}

var googleTooLate = noticeText{
	web.English: {
		"Start again with Google",
		"This sign-in with Google took longer than ten minutes, or it was finished already. Go back to where you began, and start again.",
		"Start again",
	},
	web.Spanish: {
		"Empieza de nuevo con Google",
		"Este inicio de sesión con Google ha tardado más de diez minutos o ya se completó. " +
			"Vuelve al lugar donde lo empezaste y hazlo de nuevo.", "Empezar de nuevo",
	},
}
