package mailer

import (
	"bytes"
	"embed"
	"errors"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/planoauth/planoauth/db"
)

//go:embed templates/*.tmpl
var templateFiles embed.FS

// Templates are the parsed templates of all kinds. They are safe for concurrent use.
type Templates map[Kind]mailTemplate

// mailTemplate is one template file, parsed as plain text and as HTML, which escapes.
type mailTemplate struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// ParseTemplates parses the embedded templates.
func ParseTemplates() (Templates, error) {
	templates := Templates{}
	for _, kind := range Kinds {
		files := []string{"templates/layout.tmpl", "templates/" + string(kind) + ".tmpl"}
		text, textErr := texttemplate.ParseFS(templateFiles, files...)
		html, htmlErr := htmltemplate.ParseFS(templateFiles, files...)
		if err := errors.Join(textErr, htmlErr); err != nil {
			return nil, err
		}
		templates[kind] = mailTemplate{text, html}
	}
	return templates, nil
}

// Facts describe the request that caused a mail.
type Facts struct {
	Time time.Time
	IP   string
	// UserAgent is the header of that name. It is left out of the mail where it contains a URL.
	UserAgent string
	// Link is the address behind the button, or "" for kinds without one.
	Link string
	// Lifetime says how long the link of an invitation works, such as "7 days".
	Lifetime string
	// Role is what a new record makes of the user, such as "an employee".
	Role string
}

// content is everything that a template can refer to.
type content struct {
	Facts
	FirstName, Email, Application string
}

// At returns the time of the request for a reader.
func (c content) At() string { return c.Time.UTC().Format("2 January 2006, 15:04 UTC") }

// Write returns a mail to a user on behalf of an application. The mail is not stored yet.
func (t Templates) Write(kind Kind, user *db.User, app *db.Application, facts Facts) (*db.Mail, error) {
	m := &db.Mail{
		Kind: string(kind), ToEmail: user.Email, ToName: strings.TrimSpace(user.FirstName + " " + user.LastName), CreatedAt: facts.Time,
		UserID: user.ID,
	}
	facts.UserAgent = deviceName(facts.UserAgent)
	c := content{Facts: facts, FirstName: oneLine(user.FirstName), Email: user.Email, Application: oneLine(app.Name)}
	var subject, text, html bytes.Buffer
	err := errors.Join(
		t[kind].text.ExecuteTemplate(&subject, "subject", c),
		t[kind].text.ExecuteTemplate(&text, "text", c),
		t[kind].html.ExecuteTemplate(&html, "layout", c))
	m.Subject, m.TextBody, m.HTMLBody = subject.String(), strings.TrimSpace(text.String())+"\n", html.String()
	return m, err
}

// oneLine replaces line breaks, so that a name cannot start a line of its own in a mail.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
