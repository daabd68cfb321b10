package web

import (
	"bytes"
	_ "embed"
	"html/template"
)

// Notice is the content of a page that says one thing, such as an error.
type Notice struct {
	Application *Application // nil for PlanoAuth
	Title       string
	Message     string
	Details     []string // what a developer has to mend; each may name a param
	RequestID   string   // "" where it helps nobody
	Link, Label string   // where to go on, "" for nowhere
}

//go:embed notice.html
var noticeText string

var noticeTemplate = template.Must(template.New("").Parse(noticeText))

// Content returns the notice for a Document without a script.
func (n Notice) Content() template.HTML {
	var html bytes.Buffer
	if err := noticeTemplate.Execute(&html, n); err != nil {
		panic(err) // the template fits Notice
	}
	return template.HTML(html.String())
}
