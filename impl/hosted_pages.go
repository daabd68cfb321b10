package impl

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/web"
)

// hostedPage is the data for the script of /sign-in, /register and /forgot. From there the browser goes back to the
// product with the challenge's token.
type hostedPage struct {
	Path        string        `json:"path"`
	RedirectURL string        `json:"redirect_url"`
	Challenge   string        `json:"challenge,omitempty"`
	Person      *hostedPerson `json:"person,omitempty"`
}

// hostedPerson is somebody who is signed in, and whose session the product has handed over for a registration.
type hostedPerson struct {
	Token     string `json:"token"`
	Email     string `json:"email"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// challengeFormat is that of sessions/hand_over.
var challengeFormat = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// hostedPages registers the pages that products send people to.
func (s *Server) hostedPages(e *echo.Echo) {
	for _, path := range []string{"/sign-in", "/register", "/forgot"} {
		e.GET(path, s.showHosted)
	}
	e.POST("/register", s.showHandedOver)
}

// showHosted checks what the product passed, before anybody types a password.
func (s *Server) showHosted(ec echo.Context) error {
	app, page, wrong := s.hostedPage(ec)
	if page.Challenge == "" && page.Path != "/forgot" || page.Challenge != "" && !challengeFormat.MatchString(page.Challenge) {
		wrong = append(wrong, "`challenge`: it must be the S256 challenge of a verifier (RFC 7636), 43 characters of base64url")
	}
	if len(wrong) > 0 {
		return s.showNotice(ec, http.StatusBadRequest, wronglyOpenedBy(app, wrong))
	}
	return s.showPage(ec, web.Document{Script: web.Hosted, Title: app.Name, Application: webApplication(app), Page: page})
}

// hostedPage reads the query, and returns what is wrong with it for the product's developers. The application is nil if
// there is none.
func (s *Server) hostedPage(ec echo.Context) (app *db.Application, page hostedPage, wrong []string) {
	query := ec.QueryParams()
	app = s.registry.newest.Load().appsBySlug[query.Get("application")]
	page = hostedPage{Path: ec.Path(), RedirectURL: query.Get("redirect_url"), Challenge: query.Get("challenge")}
	if app == nil {
		return nil, page, []string{"`application`: there is no such application"}
	}
	if page.Path == "/register" && !slices.Contains(app.Admits, db.RoleClient) {
		wrong = append(wrong, "`application`: it does not admit clients, and nobody else can register")
	}
	given := page.RedirectURL
	page.RedirectURL = cmp.Or(given, app.URL)
	switch {
	case page.RedirectURL == "":
		wrong = append(wrong, "`redirect_url`: it is required, since the application has no url")
	case len(given) > maxRedirectURL || formats.CheckRedirectURL(page.RedirectURL) != nil || !allowsRedirect(app, page.RedirectURL):
		wrong = append(wrong, "`redirect_url`: it must be at one of the application's redirect origins")
		page.RedirectURL = ""
	}
	return app, page, wrong
}

const (
	maxRedirectURL = 2048    // bytes, as in openapi.yaml
	maxHandedOver  = 4 << 10 // bytes of a form with a token
)

// showHandedOver is the registration of somebody who is signed in to a product but no client yet. The product's page
// posts the session's token, so that it stands in no URL. A refusal has the HTTP code of the status that an operation
// would answer.
func (s *Server) showHandedOver(ec echo.Context) error {
	c := callOf(ec.Request().Context())
	c.registry = s.registry.newest.Load()
	if wait := s.Addresses.Count(c.network(), c.now); wait > 0 {
		c.retryAfter(wait)
		return s.showNotice(ec, http.StatusTooManyRequests, tooOften.notice(nil, ""))
	}
	origin, known := postedFrom(c)
	if !known {
		return s.showNotice(ec, http.StatusForbidden, foreign.notice(nil, "", foreignDetail))
	}
	app, page, wrong := s.hostedPage(ec)
	code := http.StatusBadRequest
	text, err := postedToken(ec)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	if errors.Is(err, errFormTooLarge) {
		code = http.StatusRequestEntityTooLarge
	}
	if app != nil && !allowsRedirect(app, origin) {
		return s.showNotice(ec, http.StatusForbidden, foreign.notice(nil, "", foreignDetail))
	}
	if len(wrong) > 0 {
		return s.showNotice(ec, code, wronglyOpenedBy(app, wrong))
	}
	refusal, err := s.admitToken(c, text, gen.TokenParamToken)
	switch {
	case err != nil:
		return err
	case refusal != nil:
		return s.showNotice(ec, http.StatusUnauthorized, signedOutBy(refusal.Slug(), app, page.RedirectURL))
	case c.sessionApp != app:
		return s.showNotice(ec, http.StatusForbidden, foreign.notice(nil, "", "`token`: it is not of a session with the application"))
	}
	return s.showPerson(ec, page, text)
}

// postedFrom returns the origin of the page that sent a form, and reports whether it is one of any application.
func postedFrom(c *call) (origin string, known bool) {
	origins := c.req.Header["Origin"]
	if len(origins) != 1 {
		return "", false
	}
	return origins[0], c.registry.origins[origins[0]]
}

var errFormTooLarge = errors.New("`Content-Length`: the form must not be longer than " + strconv.Itoa(maxHandedOver) + " bytes")

// postedToken returns the token of a form. An error is for the product's developers.
func postedToken(ec echo.Context) (token string, _ error) {
	req := ec.Request()
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return "", errors.New("`Content-Type`: it must be `application/x-www-form-urlencoded`")
	}
	body, err := io.ReadAll(http.MaxBytesReader(ec.Response(), req.Body, maxHandedOver))
	if err != nil {
		return "", errFormTooLarge
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["token"]) != 1 || form.Get("token") == "" {
		return "", errors.New("`token`: the form must have one field of this name, with the token of the session")
	}
	return form.Get("token"), nil
}

// showPerson shows the registration of the call's user. A client has nothing to register.
func (s *Server) showPerson(ec echo.Context, page hostedPage, token string) error {
	c := callOf(ec.Request().Context())
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	switch {
	case err != nil:
		return err
	case user == nil: // deleted since the token was checked
		return s.showNotice(ec, http.StatusUnauthorized, signedOutBy(gen.InvalidToken{}.Slug(), c.sessionApp, page.RedirectURL))
	case user.Records.Client != nil:
		return s.showNotice(ec, http.StatusOK, registeredAlready.notice(c.sessionApp, page.RedirectURL))
	}
	page.Person = &hostedPerson{Token: token, Email: user.Email, FirstName: user.FirstName, LastName: user.LastName}
	return s.showPage(ec, web.Document{
		Script: web.Hosted, Title: c.sessionApp.Name, Application: webApplication(c.sessionApp), Page: page,
	})
}
