package web

import (
	"bytes"
	_ "embed"
	"html/template"
)

// Notice is the content of a page that says one thing, such as an error.
type Notice struct {
	Language    Language
	Application *Application // nil for PlanoAuth
	Title       string
	Message     string
	Subject     string   // what the message is about, such as an e-mail address; "" for nothing
	Details     []string // what a developer has to mend, in English; backticks mark code
	RequestID   string   // "" where it helps nobody
	Slug        string   // the status behind it, whose page explains more; "" for none
	Link, Label string   // where to go on, "" for nowhere
	Hint        string   // what else the person has to know, after the way on
}

// noticeWords are those of all notices.
var noticeWords = map[Language]struct{ Request, Meaning, Help, Developers string }{
	English: {"Request", "What this means", "Help", "For the developers of the site"},
	Spanish: {"Solicitud", "Qué significa", "Ayuda", "Para quienes desarrollan el sitio"},
}

//go:embed notice.html
var noticeText string

var noticeTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": URL,
	"code":  code,
	"words": func(language Language) any { return noticeWords[language] },
}).Parse(noticeText))

// Content returns the notice for a Document without a script. Two notices on a page say the same in two languages, and
// base.css shows one of them: the first, until the language of the other is chosen.
func (n Notice) Content() template.HTML {
	var html bytes.Buffer
	if err := noticeTemplate.Execute(&html, n); err != nil {
		panic(err) // the template fits Notice
	}
	return template.HTML(html.String())
}
