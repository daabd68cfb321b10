package impl

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

// pages registers everything outside /api/v1. Its answers have no envelope.
func (s *Server) pages(e *echo.Echo) {
	e.GET("/", s.showStart)
	e.GET("/openapi.yaml", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/yaml", gen.SpecYAML) })
	e.GET("/openapi.json", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/json", gen.SpecJSON) })
	s.docs(e)
	s.statusPages(e)
	e.GET("/assets/*", func(ec echo.Context) error {
		if !web.ServeAsset(ec.Response(), ec.Request()) {
			return echo.ErrNotFound
		}
		return nil
	})
	s.hostedPages(e)
	s.ownPages(e)
	s.linkPages(e)
	e.GET("/health/live", func(ec echo.Context) error { return ec.String(http.StatusOK, "live\n") })
	e.GET("/health/ready", s.ready)
	e.GET("/google/callback", s.googleCallback)
	e.GET("/applications/:slug/logo", s.logo)
	if mailbox, ok := s.Mailer.(*mailer.Mailbox); ok {
		s.mailboxPages(e, mailbox)
	}
}

// showPage answers with a document, in the language of the request.
func (s *Server) showPage(ec echo.Context, document web.Document) error {
	return s.show(ec, http.StatusOK, document)
}

// showNotice answers with a page that says one thing.
func (s *Server) showNotice(ec echo.Context, code int, notice web.Notice) error {
	notice.Request = map[web.Language]string{web.English: "Request", web.Spanish: "Solicitud"}[web.LanguageOf(ec.Request())]
	title := notice.Title
	if notice.Application != nil {
		title += " · " + notice.Application.Name
	}
	return s.show(ec, code, web.Document{Title: title, Application: notice.Application, Content: notice.Content()})
}

// showReading answers with a page to read, which is in English.
func (s *Server) showReading(ec echo.Context, page web.Reading) error {
	page.Mailbox = s.mailboxPath(ec.Request())
	content, err := page.Content()
	if err != nil {
		return err
	}
	return s.show(ec, http.StatusOK, web.Document{Language: web.English, Title: page.Title + " · PlanoAuth", Styles: page.Styles(), Content: content, Frames: page.Name == "mail"})
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
	if app.LogoDigest != "" {
		shown.Logo = "/applications/" + app.Slug + "/logo"
	}
	return shown
}

// headAsGet lets pages answer HEAD as they answer GET. The server of net/http, which keeps the request as it
// came, sends no body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodHead && !isAPI(req.URL.Path) {
			req = req.WithContext(req.Context())
			req.Method = http.MethodGet
		}
		next.ServeHTTP(w, req)
	})
}
