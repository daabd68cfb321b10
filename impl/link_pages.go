package impl

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/web"
)

// linkPage is the data for the script of a page behind a mailed link. It does not contain the token, which the script
// reads from the address of the page.
type linkPage struct {
	Kind        db.LinkKind `json:"kind,omitempty"` // "" without a link
	Expired     bool        `json:"expired,omitempty"`
	Email       string      `json:"email,omitempty"`        // to which the link was mailed
	RedirectURL string      `json:"redirect_url,omitempty"` // of the link, for another one
	Next        string      `json:"next,omitempty"`         // where the person goes on afterwards, "" for nowhere
	HasPassword bool        `json:"has_password,omitempty"` // where the page asks for the password
	ByAdmin     bool        `json:"by_admin,omitempty"`     // whether an administrator made the link
}

// linkPages registers the pages behind mailed links. A GET only shows what the link is for and never consumes
// it, since programs that scan mails follow links.
func (s *Server) linkPages(e *echo.Echo) {
	kinds := map[string][]db.LinkKind{}
	for kind, path := range linkPaths {
		kinds[path] = append(kinds[path], kind)
	}
	for path, kinds := range kinds {
		e.GET(path, func(ec echo.Context) error { return s.showLink(ec, kinds) })
	}
}

// showLink looks a link up and checks it with the same rules as the operations behind it. The script takes the token
// out of the address, so a page that is loaded again has none in its address, and the script brings it back.
func (s *Server) showLink(ec echo.Context, kinds []db.LinkKind) error {
	if !ec.QueryParams().Has("token") {
		own := s.registry.newest.Load().appsBySlug["planoauth"]
		return s.showPage(ec, web.Document{Script: web.Links, Title: own.Name, Application: webApplication(own), Page: linkPage{}})
	}
	c, token := callOf(ec.Request().Context()), ec.QueryParam("token")
	link, user, app, err := s.checkLink(c, s.registry.newest.Load(), token, kinds...)
	c.concerns(user)
	switch {
	case err != nil:
		s.crash(c, err)
		return s.showNotice(ec, http.StatusInternalServerError, linkCrashed.notice(nil, ""))
	case link == nil:
		return s.showNotice(ec, http.StatusNotFound, linkNotValid.notice(nil, "/account"))
	}
	page := linkPage{
		Kind: link.Kind, Expired: linkExpired(link, user, c.now), Email: user.Email,
		Next: nextPage(link, user, app), HasPassword: asksForPassword(link) && user.HasPassword(), ByAdmin: link.ByAdmin,
	}
	if link.Email != "" {
		page.Email = link.Email // the other address is not for whoever has this mailbox
	}
	if allowsRedirect(app, link.RedirectURL) {
		page.RedirectURL = link.RedirectURL
	}
	shown := web.Document{Script: web.Links, Title: app.Name, Application: webApplication(app), Page: page}
	switch {
	case page.Expired:
		return s.show(ec, http.StatusGone, shown)
	case link.Kind != db.MagicLink:
		return s.showPage(ec, shown)
	case page.Next == "":
		return s.showNotice(ec, http.StatusNotFound, linkNotValid.notice(nil, "/account"))
	}
	return s.showNotice(ec, http.StatusOK, magicNotice(app, page, token))
}

// asksForPassword reports whether the operation behind a link needs a session of the user.
func asksForPassword(link *db.Link) bool {
	return link.Kind == db.VerificationLink || link.Kind == db.EmailChangeLink && !link.ByAdmin
}

// nextPage returns where the page of a link leads: to nextURL, except that it leads to the console or the account where
// that would be the start page of PlanoAuth.
func nextPage(link *db.Link, user *db.User, app *db.Application) string {
	next := nextURL(link, app)
	switch {
	case app.Slug != "planoauth" || next != app.URL:
		return next
	case user.Records.Has(db.RoleEmployee):
		return next + "/console"
	}
	return next + "/account"
}

// magicNotice is the page of a magic link. Its button is a link, so that it works without a script.
func magicNotice(app *db.Application, page linkPage, token string) func(web.Language) web.Notice {
	notice := magic.notice(app, formats.AddQuery(page.Next, url.Values{"magic_token": {token}}))
	return func(language web.Language) web.Notice {
		shown := notice(language)
		shown.Subject, shown.Hint = page.Email, magicHint[language]
		return shown
	}
}

var magic = noticeText{
	web.English: {"Sign in", "You are about to sign in to %s with this address:", "Sign in to %s"},
	web.Spanish: {"Iniciar sesión", "Vas a iniciar sesión en %s con esta dirección:", "Iniciar sesión en %s"},
}

var magicHint = map[web.Language]string{
	web.English: "If you did not ask for this link, close this page. Nothing happens unless you press the button.",
	web.Spanish: "Si no has pedido este enlace, cierra esta página. No pasa nada mientras no pulses el botón.",
}

// linkNotValid leads to the account, since the product of the link is not known.
var linkNotValid = noticeText{
	web.English: {
		"This link does not work any more",
		"It was used already, a newer one replaced it, or a part of it is missing. " +
			"Go back to where you asked for it, and ask for a new one.",
		"Go to your account",
	},
	web.Spanish: {
		"Este enlace ya no funciona",
		"Ya se usó, otro más reciente lo sustituyó o le falta una parte. Vuelve al sitio donde lo pediste y pide uno nuevo.",
		"Ir a tu cuenta",
	},
}

var linkCrashed = noticeText{
	web.English: {
		"Something went wrong",
		"That is our fault, and we have been notified. The link is not used up: open it again in a few minutes.", "",
	},
	web.Spanish: {
		"Algo ha fallado",
		"Es culpa nuestra y ya nos ha llegado el aviso. El enlace sigue valiendo: ábrelo de nuevo dentro de unos minutos.", "",
	},
}
