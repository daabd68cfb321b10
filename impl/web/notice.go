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
	Subject     string   // what the message is about, such as an e-mail address; "" for nothing
	Details     []string // what a developer has to mend; each may name a param
	RequestID   string   // "" where it helps nobody
	Request     string   // the word before RequestID, which showNotice of package impl sets
	Link, Label string   // where to go on, "" for nowhere
	Hint        string   // what else the person has to know, after the way on

	Help              string   // the label of the link to the application's help
	Other, OtherLabel string   // the URL of the page in the other language, "" for none, and that language's name
	OtherLanguage     Language // that of Other
}

//go:embed notice.html
var noticeText string

var noticeTemplate = template.Must(template.New("").Funcs(template.FuncMap{"asset": URL}).Parse(noticeText))

// Content returns the notice for a Document without a script.
func (n Notice) Content() template.HTML {
	var html bytes.Buffer
	if err := noticeTemplate.Execute(&html, n); err != nil {
		panic(err) // the template fits Notice
	}
	return template.HTML(html.String())
}
