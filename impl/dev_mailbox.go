package impl

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/web"
)

const devMailbox = "/dev/mail"

// mailPolicy is that of a mail in its frame: it brings its own style, and runs nothing.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'self'; sandbox allow-same-origin allow-top-navigation-by-user-activation"

// mailboxPages registers the pages of the development mailbox, and the mails as JSON for tests.
func (s *Server) mailboxPages(e *echo.Echo, mailbox *mailer.Mailbox) {
	get := func(path string, show func(echo.Context) error) {
		e.GET(devMailbox+path, func(ec echo.Context) error {
			if s.mailboxPath(ec.Request()) == "" {
				return echo.ErrNotFound
			}
			return show(ec)
		})
	}
	withMail := func(show func(echo.Context, *db.Mail) error) func(echo.Context) error {
		return func(ec echo.Context) error {
			for _, mail := range mailbox.Mails() {
				if strconv.FormatInt(mail.ID, 10) == ec.Param("id") {
					return show(ec, &mail)
				}
			}
			return echo.ErrNotFound
		}
	}
	get("", func(ec echo.Context) error {
		mails := mailbox.Mails()
		return s.showReading(ec, web.Reading{Name: "mails", Title: "Mails", Data: map[string]any{
			"Mails": mails, "Newest": newestMail(mails), "Path": devMailbox, "Kept": mailer.MailboxSize,
		}})
	})
	get(".json", func(ec echo.Context) error { return showMailsJSON(ec, mailbox.Mails()) })
	get("/:id", withMail(s.showMail))
	get("/:id/html", withMail(func(ec echo.Context, mail *db.Mail) error {
		ec.Response().Header().Set("Content-Security-Policy", mailPolicy)
		ec.Response().Header().Set("Referrer-Policy", "no-referrer")
		return ec.HTML(http.StatusOK, inSameTab(mail.HTMLBody))
	}))
}

// newestMail returns the id of the first of the mails, 0 for none.
func newestMail(mails []db.Mail) int64 {
	if len(mails) == 0 {
		return 0
	}
	return mails[0].ID
}

// mailJSON is a mail as tests read it.
type mailJSON struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	To      string    `json:"to"`
	ToName  string    `json:"to_name,omitempty"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	Links   []string  `json:"links"` // those of the text, in its order
	At      time.Time `json:"at"`
}

// showMailsJSON answers with the mails, newest first. With the query param after, these are those that came after the
// mail with that id.
func showMailsJSON(ec echo.Context, mails []db.Mail) error {
	after, _ := strconv.ParseInt(ec.QueryParam("after"), 10, 64)
	shown := []mailJSON{}
	for _, mail := range mails {
		if mail.ID <= after {
			break
		}
		links := addressInText.FindAllString(mail.TextBody, -1)
		if links == nil {
			links = []string{}
		}
		shown = append(shown, mailJSON{
			mail.ID, mail.Kind, mail.ToEmail, mail.ToName, mail.Subject, mail.TextBody, mail.HTMLBody, links, mail.CreatedAt.UTC(),
		})
	}
	text, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		return err
	}
	return ec.JSONBlob(http.StatusOK, append(text, '\n'))
}

// addressInText matches the URLs in the text of a mail, without the punctuation of the sentence around them.
var addressInText = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

// textPart is a part of the text of a mail, which is a link or not.
type textPart struct{ Text, Link string }

// linked returns the parts of a text.
func linked(text string) (parts []textPart) {
	at := 0
	for _, found := range addressInText.FindAllStringIndex(text, -1) {
		link := text[found[0]:found[1]]
		parts, at = append(parts, textPart{Text: text[at:found[0]]}, textPart{link, link}), found[1]
	}
	return append(parts, textPart{Text: text[at:]})
}

func (s *Server) showMail(ec echo.Context, mail *db.Mail) error {
	_, asText := ec.QueryParams()["text"]
	return s.showReading(ec, web.Reading{Name: "mail", Title: mail.Subject, Data: map[string]any{
		"Mail": mail, "Text": asText, "Parts": linked(mail.TextBody), "Path": devMailbox,
	}})
}

// inSameTab makes the links of a mail open in the tab around its frame.
func inSameTab(html string) string {
	return strings.Replace(strings.ReplaceAll(html, ` target="_blank"`, ""), "<head>", `<head><base target="_top">`, 1)
}
