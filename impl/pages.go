package impl

import (
	_ "embed"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

// mailboxPath is where the development mailbox is.
const mailboxPath = "/dev/mail"

//go:embed pages/index.html
var indexPage []byte

// pages registers everything outside /api/v1. Its answers have no envelope.
func (s *Server) pages(e *echo.Echo) {
	e.GET("/", func(ec echo.Context) error { return ec.HTMLBlob(http.StatusOK, indexPage) })
	e.GET("/openapi.yaml", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/yaml", gen.SpecYAML) })
	e.GET("/openapi.json", func(ec echo.Context) error { return ec.Blob(http.StatusOK, "application/json", gen.SpecJSON) })
	docs(e)
	statusPages(e)
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
		e.GET(mailboxPath, echo.WrapHandler(mailbox))
	}
}

// showPage answers with a document, in the language of the request.
func (s *Server) showPage(ec echo.Context, document web.Document) error {
	return s.show(ec, http.StatusOK, document)
}

// showNotice answers with a page that says one thing.
func (s *Server) showNotice(ec echo.Context, code int, notice web.Notice) error {
	title := notice.Title
	if notice.Application != nil {
		title += " · " + notice.Application.Name
	}
	return s.show(ec, code, web.Document{Title: title, Application: notice.Application, Content: notice.Content()})
}

func (s *Server) show(ec echo.Context, code int, document web.Document) error {
	document.Language = web.LanguageOf(ec.Request())
	document.Google = s.Settings.GoogleClientID != ""
	if _, ok := s.Mailer.(*mailer.Mailbox); ok {
		document.Mailbox = mailboxPath
	}
	html, err := document.HTML()
	if err != nil {
		return err
	}
	web.SetHeaders(ec.Response().Header())
	return ec.HTMLBlob(code, html)
}

// webApplication returns what pages show of an application.
func webApplication(app *db.Application) *web.Application {
	shown := &web.Application{
		Slug: app.Slug, Name: app.Name, URL: app.URL, SupportURL: app.SupportURL, AdmitsClients: slices.Contains(app.Admits, db.RoleClient),
		Theme: web.ThemePath(app.AccentColor),
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
