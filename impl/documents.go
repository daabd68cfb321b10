package impl

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

// showPage answers with a document, in the language of the request.
func (s *Server) showPage(ec echo.Context, document web.Document) error {
	return s.show(ec, http.StatusOK, document)
}

// showNotice answers with a page that says one thing, in the language of the request and in the other one: a page that
// answers a form cannot link to itself in that language. Failures show the request id.
func (s *Server) showNotice(ec echo.Context, code int, notice func(web.Language) web.Notice) error {
	language := web.LanguageOf(ec.Request())
	document := web.Document{Language: language}
	for _, language := range []web.Language{language, language.Other()} {
		shown := notice(language)
		shown.Language = language
		if code >= http.StatusBadRequest && code != http.StatusNotFound {
			shown.RequestID = callOf(ec.Request().Context()).id
		}
		document.Content += shown.Content()
		if document.Title == "" {
			document.Title, document.Application = shown.Title, shown.Application
		}
	}
	if document.Application != nil {
		document.Title += " · " + document.Application.Name
	}
	return s.show(ec, code, document)
}

// showReading answers with a page to read, which is in English.
func (s *Server) showReading(ec echo.Context, page web.Reading) error {
	page.Mailbox = s.mailboxPath(ec.Request())
	content, err := page.Content()
	if err != nil {
		return err
	}
	return s.show(ec, http.StatusOK, web.Document{
		Language: web.English, Title: page.Title + " · PlanoAuth", Styles: page.Styles(), Content: content, Frames: page.Name == "mail",
	})
}

func (s *Server) show(ec echo.Context, code int, document web.Document) error {
	if document.Language == "" {
		document.Language = web.LanguageOf(ec.Request())
	}
	document.Google = s.Settings.GoogleClientID != ""
	document.Mailbox = s.mailboxPath(ec.Request())
	html, err := document.HTML()
	if err != nil {
		return err
	}
	document.Headers(ec.Response().Header())
	return ec.HTMLBlob(code, html)
}

// webApplication returns what pages show of an application. URLs that an operation would refuse are left out: operators
// may write them by SQL, and pages make links of them.
func webApplication(app *db.Application) *web.Application {
	shown := &web.Application{
		Slug: app.Slug, Name: app.Name, AdmitsClients: slices.Contains(app.Admits, db.RoleClient), Theme: web.ThemePath(app.AccentColor),
	}
	if formats.CheckRedirectURL(app.URL) == nil {
		shown.URL = app.URL
	}
	if formats.CheckHelpURL(app.SupportURL) == nil {
		shown.SupportURL = app.SupportURL
	}
	switch {
	case app.LogoDigest != "":
		shown.Logo = "/applications/" + app.Slug + "/logo"
	case app.Slug == "planoauth":
		shown.Logo = web.URL("icon.svg")
	}
	return shown
}

// mailboxPath returns the path of the development mailbox. It is "" if mails are really sent, or if the Host of the
// request is not loopback: a web site whose name resolves to this machine must not read mails.
func (s *Server) mailboxPath(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.Host)
	if err != nil {
		host = strings.Trim(req.Host, "[]")
	}
	if _, ok := s.Mailer.(*mailer.Mailbox); ok && formats.IsLoopback(strings.ToLower(host)) {
		return devMailbox
	}
	return ""
}
