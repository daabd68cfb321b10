package impl

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

//go:embed pages/link.html pages/link.css pages/link.js
var linkFiles embed.FS

// linkTemplate has a block for each kind of link, and the block notice for links that do not work.
var linkTemplate = template.Must(template.ParseFS(linkFiles, "pages/link.html"))

// linkPolicy is the Content-Security-Policy of these pages: they load from and call this server only, and
// only our script submits the form.
const linkPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// linkPage is the data of a page behind a mailed link. It contains the token only where the page needs it.
type linkPage struct {
	Block, Title string // Title also heads the page
	Message      string // of a notice
	Application  string // its name
	Slug         string
	Email, Token string
	SignIn       bool   // whether the change of address needs the password
	Next         string // URL of the next page: the button on /magic, shown on the others after success; "" for none
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
	e.FileFS("/link.css", "pages/link.css", linkFiles)
	e.FileFS("/link.js", "pages/link.js", linkFiles)
}

func (s *Server) showLink(ec echo.Context, kinds []db.LinkKind) error {
	c := callOf(ec.Request().Context())
	code, page, err := s.linkPage(c, kinds, ec.QueryParam("token"))
	if err != nil {
		s.crash(c, err)
		code, page = http.StatusInternalServerError, linkPage{
			Block: "notice", Title: "Something went wrong", Message: "That is our fault. The link is not used up: please try it again in a while.",
		}
	}
	var html bytes.Buffer
	if err := linkTemplate.ExecuteTemplate(&html, "page", page); err != nil {
		return err
	}
	header := ec.Response().Header()
	header.Set("Content-Security-Policy", linkPolicy)
	header.Set("Referrer-Policy", "no-referrer")
	return ec.HTMLBlob(code, html.Bytes())
}

// linkPage looks the link up and checks it with the same rules as the operations behind it.
func (s *Server) linkPage(c *call, kinds []db.LinkKind, token string) (code int, _ linkPage, _ error) {
	link, user, app, err := s.checkLink(c, s.registry.newest.Load(), token, kinds...)
	c.concerns(user)
	if err != nil {
		return 0, linkPage{}, err
	}
	if link == nil {
		return http.StatusNotFound, notValid, nil
	}
	if linkExpired(link, user, c.now) {
		return http.StatusGone, linkPage{
			Block: "notice", Title: "This link is too old", Message: "Please ask for a new one.", Application: app.Name,
		}, nil
	}
	page := linkPage{
		Block: string(link.Kind), Title: linkTitles[link.Kind], Application: app.Name, Slug: app.Slug,
		Email: user.Email, Token: token, Next: nextURL(link, app),
	}
	if link.Email != "" {
		page.Email = link.Email // the other address is not for whoever has this mailbox
	}
	switch link.Kind {
	case db.EmailChangeLink:
		if page.SignIn = !link.ByAdmin; page.SignIn && !user.HasPassword() {
			return http.StatusOK, noPassword, nil
		}
	case db.MagicLink:
		if page.Next == "" {
			return http.StatusNotFound, notValid, nil
		}
		page.Next = formats.AddQuery(page.Next, url.Values{"magic_token": {token}})
	default:
	}
	return http.StatusOK, page, nil
}

var notValid = linkPage{
	Block: "notice", Title: "This link is not valid any more",
	Message: "It was used already, a newer one was sent, or a part of it is missing. Please ask for a new one.",
}

// noPassword is for a change of address by a user who cannot sign in on the page.
var noPassword = linkPage{
	Block: "notice", Title: "Your account has no password",
	Message: "To confirm the new address, this page asks for your password. Please set one, as if you had forgotten it, and change the address again.",
}

var linkTitles = map[db.LinkKind]string{
	db.MagicLink: "Sign in", db.ResetLink: "Set a new password", db.VerificationLink: "Confirm your address",
	db.EmailChangeLink: "Confirm your new address", db.EmailChangeUndoLink: "Take the change back",
	db.InvitationLink: "Welcome",
}
