package admin

import (
	"slices"
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// ApplicationSettings are settings of an application: params of applications/create and applications/update, and
// flags of `application add` and `application set`. A nil field was not passed and changes nothing.
type ApplicationSettings struct {
	Name           *string   `placeholder:"NAME" help:"The name that people see."`
	URL            *string   `name:"url" placeholder:"URL" help:"The application's home page; empty for none."`
	Admits         []db.Role `enum:"client,employee,liaison" placeholder:"KIND" help:"The records that may sign in; by default client."`
	RedirectOrigin []string  `sep:"none" placeholder:"ORIGIN" help:"All origins to redirect users to, besides that of --url. May be repeated."`
	LegacySlugs    *bool     `negatable:"" help:"Send the old spelling email-already-registerd."`
	SignInMail     *bool     `negatable:"" help:"Mail users a notice of each sign-in."`
	AccentColor    *string   `placeholder:"COLOR" help:"A color in which the application's pages appear, such as #3366cc; empty for none."`
	Logo           []byte    `kong:"-"` // a PNG or WebP, empty for none
	SupportURL     *string   `name:"support-url" placeholder:"URL" help:"Where users get help: an https or a mailto URL; empty for none."`
}

// Invalid says what is wrong with settings, by the names of the params. Each message continues a sentence that begins
// with the name.
type Invalid []gen.ParamError

// Error names the flag of the first wrong setting.
func (i Invalid) Error() string {
	flag := strings.ReplaceAll(i[0].Param, "_", "-")
	if i[0].Param == "redirect_origins" {
		flag = "redirect-origin"
	}
	return "--" + flag + " " + i[0].Message
}

// applied collects the columns that settings change, and what is wrong with them.
type applied struct {
	columns []string
	wrong   Invalid
}

// set notes that a column changes; broken is nil if its value is right.
func (a *applied) set(column string, broken *brokenRule) {
	a.columns = append(a.columns, column)
	if broken != nil {
		a.wrong = append(a.wrong, gen.ParamError{Param: column, Rule: broken.rule, Message: broken.message})
	}
}

// apply checks the settings that were passed, copies them to app and returns their columns. The logo is in the list,
// although app does not hold it.
func (s *ApplicationSettings) apply(app *db.Application) (columns []string, _ error) {
	var a applied
	if s.Name != nil {
		app.Name = *s.Name
		a.set("name", checkSchema(companyName, app.Name))
	}
	if s.URL != nil {
		app.URL = *s.URL
		a.set("url", checkURL(app.Slug, app.URL))
	}
	if s.Admits != nil {
		app.Admits = slices.Compact(slices.Sorted(slices.Values(s.Admits)))
		a.set("admits", checkAdmits(app.Slug, app.Admits))
	}
	if s.RedirectOrigin != nil {
		var broken *brokenRule
		app.RedirectOrigins, broken = parseOrigins(app.Slug, s.RedirectOrigin)
		a.set("redirect_origins", broken)
	}
	if s.LegacySlugs != nil {
		app.LegacySlugs = *s.LegacySlugs
		a.set("legacy_slugs", nil)
	}
	if s.SignInMail != nil {
		app.SignInMail = *s.SignInMail
		a.set("sign_in_mail", nil)
	}
	s.applyLooks(app, &a)
	if len(a.wrong) > 0 {
		return nil, a.wrong
	}
	return a.columns, nil
}

// applyLooks is apply for what users see of the application.
func (s *ApplicationSettings) applyLooks(app *db.Application, a *applied) {
	if s.AccentColor != nil {
		app.AccentColor = strings.ToLower(*s.AccentColor)
		a.set("accent_color", checkSchema(accentColor, app.AccentColor))
	}
	if s.Logo != nil {
		a.set("logo", checkLogo(s.Logo))
	}
	if s.SupportURL != nil {
		app.SupportURL = *s.SupportURL
		a.set("support_url", checkSupportURL(app.SupportURL))
	}
}

// OriginChanges are flags of `application set`.
type OriginChanges struct {
	Add    []string `name:"add-redirect-origin" sep:"none" placeholder:"ORIGIN" help:"Add an origin to redirect users to. May be repeated."`
	Remove []string `name:"remove-redirect-origin" sep:"none" placeholder:"ORIGIN" help:"Remove one of these origins. May be repeated."`
}

// apply changes the redirect origins of an application, as application list prints them. It fails where an origin is to
// be removed that is not in the list.
func (c *OriginChanges) apply(app *db.Application) error {
	var added []string
	if len(c.Add) > 0 {
		var broken *brokenRule
		if added, broken = parseOrigins(app.Slug, c.Add); broken != nil {
			return broken.of("--add-redirect-origin")
		}
	}
	origins := app.RedirectOrigins
	for _, text := range c.Remove {
		// Operators may have written the list by SQL, where nothing checks it.
		kept := slices.DeleteFunc(slices.Clone(origins), func(origin string) bool {
			return origin == text || formats.Origin(origin) != "" && formats.Origin(origin) == formats.Origin(text)
		})
		if len(kept) == len(origins) {
			return errNoSuchOrigin
		}
		origins = kept
	}
	for _, origin := range added {
		if !slices.Contains(formats.Origins(origins), origin) {
			origins = append(origins, origin)
		}
	}
	app.RedirectOrigins = origins
	if broken := checkCount(origins); broken != nil {
		return broken.of("--add-redirect-origin")
	}
	return nil
}
