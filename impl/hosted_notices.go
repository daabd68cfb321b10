package impl

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/web"
)

// noticeText is what a page says that has no script, in each language. A %s stands for the name of an application.
type noticeText map[web.Language]struct{ title, message, label string }

// in returns the notice in the language of the request, with details for developers.
func (t noticeText) in(ec echo.Context, details ...string) web.Notice {
	said := t[web.LanguageOf(ec.Request())]
	return web.Notice{Title: said.title, Message: said.message, Details: details, RequestID: callOf(ec.Request().Context()).id}
}

// of returns the notice of an application, with the way back to it.
func (t noticeText) of(ec echo.Context, app *db.Application, back string) web.Notice {
	said := t[web.LanguageOf(ec.Request())]
	return web.Notice{
		Application: webApplication(app), Title: said.title, Message: fmt.Sprintf(said.message, app.Name),
		Link: back, Label: fmt.Sprintf(said.label, app.Name),
	}
}

// by returns the notice about a mistake of a product, with the way back to the product if it is known. The application
// may be nil.
func (t noticeText) by(ec echo.Context, app *db.Application, wrong []string) web.Notice {
	notice := t.in(ec, wrong...)
	if app != nil {
		notice.Application = webApplication(app)
		if notice.Link = notice.Application.URL; notice.Link != "" {
			notice.Label = fmt.Sprintf(t[web.LanguageOf(ec.Request())].label, app.Name)
		}
	}
	return notice
}

var wronglyOpened = noticeText{
	web.English: {
		"This page cannot be opened like this",
		"The site that sent you here has to be repaired by its developers. " +
			"Your account is not affected. Go back to the site, and try again later.",
		"Back to %s",
	},
	web.Spanish: {
		"Esta página no se puede abrir así",
		"Los desarrolladores del sitio que te ha enviado aquí tienen que repararlo. " +
			"Tu cuenta no se ve afectada. Vuelve al sitio e inténtalo más tarde.",
		"Volver a %s",
	},
}

var foreign = noticeText{
	web.English: {
		"We stopped this request",
		"A site that we do not know for this tried to open your registration. Nothing has happened to your account. " +
			"Go back to the site that you wanted to use, and start again there.", "",
	},
	web.Spanish: {
		"Hemos detenido esta solicitud",
		"Un sitio que no conocemos para esto ha intentado abrir tu registro. No le ha pasado nada a tu cuenta. " +
			"Vuelve al sitio que querías usar y empieza de nuevo allí.", "",
	},
}

const foreignDetail = "Origin: it must be one of the application's redirect origins. " +
	"A page with the Referrer-Policy no-referrer sends null; strict-origin-when-cross-origin, the default of browsers, is right."

var tooOften = noticeText{
	web.English: {"Too many attempts", "Too many requests came from your network. Wait a minute, go back, and try again.", ""},
	web.Spanish: {
		"Demasiados intentos",
		"Han llegado demasiadas solicitudes desde tu red. Espera un minuto, vuelve atrás e inténtalo de nuevo.", "",
	},
}

var signedOut = noticeText{
	web.English: {
		"You are not signed in any more",
		"Your sign-in to %s has ended. Go back and sign in again to finish your registration.", "Back to %s",
	},
	web.Spanish: {
		"Ya no tienes la sesión iniciada",
		"Tu sesión en %s ha terminado. Vuelve e inicia sesión de nuevo para terminar tu registro.", "Volver a %s",
	},
}

var registeredAlready = noticeText{
	web.English: {"You are registered already", "Your account is open for %s. There is nothing left to do here.", "Continue to %s"},
	web.Spanish: {"Ya estás en el registro", "Tu cuenta ya puede usar %s. No tienes que hacer nada más aquí.", "Continuar a %s"},
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
