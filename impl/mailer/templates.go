package mailer

import (
	"bytes"
	"embed"
	"errors"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/web"
)

//go:embed templates
var templateFiles embed.FS

// Templates are the parsed templates of all kinds in all languages. They are safe for concurrent use.
type Templates struct {
	publicURL string
	words     map[Kind]map[web.Language]*texttemplate.Template
	text      *texttemplate.Template
	html      *htmltemplate.Template
}

// ParseTemplates parses the embedded templates. Logos are below publicURL.
func ParseTemplates(publicURL string) (*Templates, error) {
	t := &Templates{publicURL: publicURL, words: map[Kind]map[web.Language]*texttemplate.Template{}}
	var textErr, htmlErr error
	t.text, textErr = texttemplate.ParseFS(templateFiles, "templates/layout.text.tmpl")
	t.html, htmlErr = htmltemplate.ParseFS(templateFiles, "templates/layout.html.tmpl")
	if err := errors.Join(textErr, htmlErr); err != nil {
		return nil, err
	}
	for _, kind := range Kinds {
		t.words[kind] = map[web.Language]*texttemplate.Template{}
		for _, language := range web.Languages {
			dir := "templates/" + string(language) + "/"
			words, err := texttemplate.ParseFS(templateFiles, dir+"words.tmpl", dir+string(kind)+".tmpl")
			if err != nil {
				return nil, err
			}
			t.words[kind][language] = words
		}
	}
	return t, nil
}

// Facts describe the request that caused a mail.
type Facts struct {
	Time time.Time
	IP   string
	// UserAgent is the header of that name. Mails show the names of the browser and the system that it has, and no more.
	UserAgent string
	// Language is that of the request. The mail is in it if the user has no locale.
	Language web.Language
	// Link is the address behind the button, or "" for kinds without one.
	Link string
	// Lifetime says how long the link of an invitation works, in whole hours or days.
	Lifetime time.Duration
	// Role is what a new record makes of the user.
	Role db.Role
}

// content is everything that the words of a mail can refer to.
type content struct {
	Facts
	FirstName, Email, Application string
}

// At returns the time of the request for a reader.
func (c content) At() string { return c.Language.Time(c.Time) }

// Days returns the lifetime in days, or 0 if it is shorter than two days.
func (c content) Days() int {
	if days := int(c.Lifetime / (24 * time.Hour)); days > 1 {
		return days
	}
	return 0
}

// Hours returns the lifetime in hours.
func (c content) Hours() int { return int(c.Lifetime / time.Hour) }

// letter is what the layouts show. Everything is plain text.
type letter struct {
	Language                                       web.Language
	Subject, Title, Greeting, Lead                 string
	Link, Label, Note, Fallback                    string // "" for kinds without a link
	Facts                                          []fact
	Details                                        []string // paragraphs
	Application, Logo, Sent, Help, HelpURL, HelpTo string   // no Logo and HelpURL for some applications
	Light, Dark                                    colors
}

// fact is a line of what is known about the request.
type fact struct {
	Name, Value string
	Parts       []string // of the value, between which a line may break
}

// Write returns a mail to a user on behalf of an application, in the language of the user. The mail is not stored yet.
func (t *Templates) Write(kind Kind, user *db.User, app *db.Application, facts Facts) (*db.Mail, error) {
	if user.Locale != "" {
		facts.Language = web.Language(user.Locale)
	}
	words := t.words[kind][facts.Language]
	if words == nil {
		facts.Language, words = web.English, t.words[kind][web.English]
	}
	m := &db.Mail{
		Kind: string(kind), ToEmail: user.Email, ToName: oneLine(user.FirstName + " " + user.LastName), CreatedAt: facts.Time,
		UserID: user.ID,
	}
	c := content{Facts: facts, FirstName: oneLine(user.FirstName), Email: user.Email, Application: oneLine(app.Name)}
	l, err := t.letter(words, c, app)
	if err != nil {
		return nil, err
	}
	var text, html bytes.Buffer
	err = errors.Join(t.text.Execute(&text, l), t.html.Execute(&html, l))
	m.Subject, m.TextBody, m.HTMLBody = l.Subject, text.String(), string(web.Unbroken(htmltemplate.HTML(html.String())))
	return m, err
}

// letter fills in the words of a kind.
func (t *Templates) letter(words *texttemplate.Template, c content, app *db.Application) (*letter, error) {
	var failed error
	fill := func(block string) string {
		if words.Lookup(block) == nil {
			return "" // a kind without it
		}
		var text strings.Builder
		failed = errors.Join(failed, words.ExecuteTemplate(&text, block, c))
		return strings.TrimSpace(text.String())
	}
	l := &letter{
		Language: c.Language, Subject: fill("subject"), Title: fill("title"), Greeting: fill("greeting"), Lead: fill("lead"),
		Details:     strings.Split(fill("details"), "\n\n"),
		Application: c.Application, Sent: fill("sent"), Help: fill("help"), HelpURL: app.SupportURL,
		Light: light.with(app.AccentColor), Dark: dark.with(app.AccentColor),
	}
	if c.Link != "" {
		l.Link, l.Label, l.Note, l.Fallback = c.Link, fill("label"), fill("note"), fill("fallback")
	}
	for line := range strings.Lines(fill("facts")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		parts := []string{value}
		if value == c.IP {
			parts = strings.SplitAfter(value, ":")
		}
		l.Facts = append(l.Facts, fact{name, value, parts})
	}
	if app.LogoDigest != "" {
		l.Logo = t.publicURL + "/applications/" + url.PathEscape(app.Slug) + "/logo"
	}
	l.HelpTo, _, _ = strings.Cut(strings.TrimPrefix(app.SupportURL, "mailto:"), "?") // a person types no query
	return l, failed
}

// oneLine replaces line breaks, so that a name cannot start a line of its own in a mail.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
