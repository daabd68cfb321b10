package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed reading
var readingFiles embed.FS

var readingTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"asset":  URL,
	"reason": http.StatusText,
	"date":   English.Day,
	"time":   English.Time,
	"code":   code,
}).ParseFS(readingFiles, "reading/*.html"))

// Reading is a page for the people who run PlanoAuth or build on it, in English: the start page, the statuses, the
// development mailbox and the explorer. All have the same header.
type Reading struct {
	Name    string // of its template, the file in reading
	Title   string
	Data    any    // of the template
	Mailbox string // the path of the development mailbox, "" where mails are really sent
}

// Styles returns the stylesheets of the page.
func (r Reading) Styles() []string {
	if r.Name == "explorer" {
		return []string{URL("reading.css"), "/docs/swagger-ui.css", URL("explorer.css")}
	}
	return []string{URL("reading.css")}
}

// Content returns the page for a Document without a script.
func (r Reading) Content() (template.HTML, error) {
	var html bytes.Buffer
	if err := readingTemplates.ExecuteTemplate(&html, "header", r); err != nil {
		return "", err
	}
	if err := readingTemplates.ExecuteTemplate(&html, r.Name+".html", r.Data); err != nil {
		return "", err
	}
	return template.HTML(html.String()), nil
}

// code escapes a text and renders its backticks as code.
func code(text string) template.HTML {
	parts := strings.Split(template.HTMLEscapeString(text), "`")
	for i := 1; i+1 < len(parts); i += 2 {
		parts[i] = "<code>" + parts[i] + "</code>"
	}
	return template.HTML(strings.Join(parts, ""))
}
