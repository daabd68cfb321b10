package mailer

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/db"
)

// TestMandrill checks how answers of Mandrill are classified.
func TestMandrill(t *testing.T) {
	rows := []struct {
		name, answer   string
		code           int
		sent, rejected bool
	}{
		{"sent", `[{"status":"sent"}]`, 200, true, false},
		{"queued", `[{"status":"queued"}]`, 200, true, false},
		{"scheduled", `[{"status":"scheduled"}]`, 200, true, false},
		{"rejected", `[{"status":"rejected","reject_reason":"hard-bounce"}]`, 200, false, true},
		{"invalid", `[{"status":"invalid"}]`, 200, false, true},
		{"an unknown status", `[{"status":"lost"}]`, 200, false, false},
		{"no result", `[]`, 200, false, false},
		{"no JSON", `<html>`, 200, false, false},
		{"an error with a name", `{"name":"Invalid_Key","message":"ada@example.com"}`, 500, false, false},
		{"an error without a name", `ada@example.com`, 502, false, false},
		{"a redirect", ``, 307, false, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/messages/send" {
					t.Errorf("the path is %s", r.URL.Path)
				}
				body, _ = io.ReadAll(r.Body)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(row.code)
				io.WriteString(w, row.answer)
			}))
			defer server.Close()
			m, err := NewMandrill("key", server.URL+"/api/", "PlanoAuth <auth@example.com>")
			if err != nil {
				t.Fatal(err)
			}
			err = m.Send(t.Context(), &db.Mail{Kind: string(Welcome), ToEmail: "ada@example.com", Subject: "Hello"})
			if (err == nil) != row.sent || errors.Is(err, ErrRejected) != row.rejected {
				t.Errorf("the error is %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "@") {
				t.Errorf("the error contains an address: %v", err)
			}
			var call mandrillSend
			if err := json.Unmarshal(body, &call); err != nil || call.Key != "key" || call.Message.FromEmail != "auth@example.com" ||
				call.Message.To[0].Email != "ada@example.com" || call.Message.TrackClicks || call.Message.ViewContentLink {
				t.Errorf("the call is %s %v", body, err)
			}
		})
	}
}

// TestNewSMTP checks which URLs are accepted, and that an error never repeats one.
func TestNewSMTP(t *testing.T) {
	for address, accepted := range map[string]bool{
		"smtp://localhost":                       true,
		"smtp://user:secret@mail.example:2525":   true,
		"smtps://user:sec%2Fret@mail.example":    true,
		"smtp://mail.example/":                   true,
		"smtp://user@mail.example":               false,
		"smtp://:secret@mail.example":            false,
		"smtp://user:secret@mail.example:0":      false,
		"smtp://user:secret@mail.example:65536":  false,
		"smtp://user:secret@mail.example/path":   false,
		"smtp://user:secret@mail.example?tls=no": false,
		"http://user:secret@mail.example":        false,
		"user:secret@mail.example:25":            false,
		"smtp://user:sec/ret@mail.example":       false,
		"smtp://user:secret@":                    false,
		"":                                       false,
	} {
		if _, err := NewSMTP(address, "auth@example.com"); (err == nil) != accepted || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := NewSMTP("smtp://localhost", "nobody"); err == nil {
		t.Error("a sender without an address is accepted")
	}
}

// TestMailbox: it keeps the latest mails, newest first.
func TestMailbox(t *testing.T) {
	box := &Mailbox{}
	for i := range MailboxSize + 2 {
		if err := box.Send(t.Context(), &db.Mail{ID: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	mails := box.Mails()
	if len(mails) != MailboxSize || mails[0].ID != MailboxSize+1 || mails[MailboxSize-1].ID != 2 {
		t.Errorf("it keeps %d mails, from %d to %d", len(mails), mails[0].ID, mails[len(mails)-1].ID)
	}
}
