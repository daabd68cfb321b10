package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"regexp"
	"strings"
)

// Policy is the Content-Security-Policy of all pages: they load from this server and call this server only, and no
// other page can show them in a frame.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// A Script draws a page. Its name is that of its source below src.
type Script string

// The scripts, one for each group of pages.
const (
	Hosted  Script = "hosted.tsx"  // /sign-in, /register, /forgot
	Links   Script = "links.tsx"   // behind mailed links: /reset, /verify, /email
	Account Script = "account.tsx" // /account
	Console Script = "console.tsx" // /console
)

// Document is one page.
type Document struct {
	Script      Script // "" for a page that is all Content
	Language    Language
	Title       string        // until the script sets another
	Application *Application  // whose name, logo and colors the page wears; a page without a script may have none
	Google      bool          // whether people can sign in with Google
	Mailbox     string        // the path of the development mailbox, "" where mails are really sent
	Page        any           // further data for the script of this page, as JSON; document.ts says how to read it
	Styles      []string      // the URLs of stylesheets besides base.css
	Content     template.HTML // of a page without a script
	Frames      bool          // whether it shows other pages of this server in frames
}

// Application is the part of an application that its pages show.
type Application struct {
	Slug          string `json:"slug"`
	Name          string `json:"name"`
	URL           string `json:"url,omitempty"`
	Logo          string `json:"logo,omitempty"` // its path
	SupportURL    string `json:"support_url,omitempty"`
	AdmitsClients bool   `json:"admits_clients"`
	Theme         string `json:"-"` // the path of the stylesheet with its colors, "" for PlanoAuth's
}

// data is what the script of a document reads.
type data struct {
	Language    Language     `json:"language"`
	Application *Application `json:"application,omitempty"`
	Google      bool         `json:"google"`
	Mailbox     string       `json:"mailbox,omitempty"`
	Page        any          `json:"page,omitempty"`
}

//go:embed document.html
var documentText string

var documentTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": func(source Script) string { return URL(string(source)) },
}).Parse(documentText))

var noScript = map[Language]string{
	English: "This page needs JavaScript. Turn it on and load the page again.",
	Spanish: "Esta página necesita JavaScript. Actívalo y vuelve a cargar la página.",
}

// HTML returns the document as text.
func (d *Document) HTML() ([]byte, error) {
	var html bytes.Buffer
	theme := ""
	if d.Application != nil {
		theme = d.Application.Theme
	}
	err := documentTemplate.Execute(&html, map[string]any{
		"Language": d.Language, "Title": d.Title, "Script": d.Script, "Theme": theme, "Content": Unbroken(d.Content), "Styles": d.Styles,
		"NoScript": noScript[d.Language],
		"Data":     data{d.Language, d.Application, d.Google, d.Mailbox, d.Page},
	})
	return html.Bytes(), err
}

var (
	textInHTML   = regexp.MustCompile(`(?s)<pre.*?</pre>|<code.*?</code>|<[^>]*>|[^<]+`)
	brokenInText = regexp.MustCompile(`(?i)(^|[\s(])(e-mail|sign-in)([.,:;?)]*(?:\s|$))`)
)

// Unbroken keeps the words "e-mail" and "sign-in" in the texts of a page or mail on one line, as vite.config.ts does for
// scripts: with a hyphen at which no browser breaks it.
func Unbroken(html template.HTML) template.HTML {
	return template.HTML(textInHTML.ReplaceAllStringFunc(string(html), func(part string) string {
		if part[0] == '<' {
			return part
		}
		return brokenInText.ReplaceAllStringFunc(part, func(word string) string { return strings.Replace(word, "-", "\u2011", 1) })
	}))
}

// Headers sets the headers of the document.
func (d *Document) Headers(header http.Header) {
	SetHeaders(header)
	if d.Frames {
		header.Set("Content-Security-Policy", Policy+"; frame-src 'self'")
	}
}

// SetHeaders sets the headers of a page, whose content must not be stored and whose address must not be passed on.
func SetHeaders(header http.Header) {
	header.Set("Content-Security-Policy", Policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}
