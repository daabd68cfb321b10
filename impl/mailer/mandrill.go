package mailer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/planoauth/planoauth/db"
)

// Mandrill sends mails through Mandrill's HTTP API,
// https://mailchimp.com/developer/transactional/api/messages/send-new-message/.
type Mandrill struct {
	key, url string
	from     *mail.Address
	client   http.Client
}

// mandrillConnections is the number of idle connections that stay open, so that a burst of mails needs few
// new ones.
const mandrillConnections = 32

// mandrillTimeout is how long an answer is awaited: like that of an SMTP server to the end of a message. A
// mail whose answer is not awaited is sent twice.
const mandrillTimeout = 10 * time.Minute

// NewMandrill returns a mailer that sends with an API key. The URL is the base to which /messages/send is
// appended; from is MAIL_FROM.
func NewMandrill(key, url, from string) (*Mandrill, error) {
	sender, err := parseSender(from)
	if err != nil {
		return nil, err
	}
	m := &Mandrill{key: key, url: strings.TrimSuffix(url, "/") + "/messages/send", from: sender}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = mandrillConnections
	m.client.Transport, m.client.Timeout = transport, mandrillTimeout
	// A redirect would send the API key to another server.
	m.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return m, nil
}

type mandrillSend struct {
	Key     string          `json:"key"`
	Message mandrillMessage `json:"message"`
}

type mandrillMessage struct {
	FromEmail string              `json:"from_email"`
	FromName  string              `json:"from_name,omitempty"`
	To        []mandrillRecipient `json:"to"`
	Subject   string              `json:"subject"`
	Text      string              `json:"text"`
	HTML      string              `json:"html"`
	Tags      []string            `json:"tags"`
	// TrackOpens stays false, whatever the default of the account is.
	TrackOpens bool `json:"track_opens"`
	// TrackClicks stays false: a rewritten link would pass its token through another server.
	TrackClicks bool `json:"track_clicks"`
	// ViewContentLink stays false: Mandrill would publish a copy of the mail, with its link.
	ViewContentLink bool `json:"view_content_link"`
}

type mandrillRecipient struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
	Type  string `json:"type"`
}

// Send posts one mail. Mandrill answers 200 with a status per recipient, or an error with a name.
func (m *Mandrill) Send(ctx context.Context, queued *db.Mail) error {
	body, err := json.Marshal(mandrillSend{Key: m.key, Message: mandrillMessage{
		FromEmail: m.from.Address, FromName: m.from.Name,
		To:      []mandrillRecipient{{Email: queued.ToEmail, Name: queued.ToName, Type: "to"}},
		Subject: queued.Subject, Text: queued.TextBody, HTML: queued.HTMLBody, Tags: []string{queued.Kind},
	}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := m.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling Mandrill failed: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading Mandrill's answer failed: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return mandrillError(res.StatusCode, answer)
	}
	return mandrillResult(answer)
}

// mandrillError returns the error of an answer other than 200. Only the name is used, since the message may
// repeat the mail.
func mandrillError(code int, answer []byte) error {
	var refused struct{ Name string }
	if json.Unmarshal(answer, &refused) != nil || refused.Name == "" {
		return fmt.Errorf("the answer of Mandrill has HTTP status %d", code)
	}
	return fmt.Errorf("the call was refused by Mandrill: %s", refused.Name)
}

// mandrillResult returns the error of an answer of 200, or nil where Mandrill accepted the mail.
func mandrillResult(answer []byte) error {
	var results []struct {
		Status       string
		RejectReason string `json:"reject_reason"`
	}
	if err := json.Unmarshal(answer, &results); err != nil || len(results) != 1 {
		return errors.New("the answer of Mandrill is not a list of one result")
	}
	switch result := results[0]; result.Status {
	case "sent", "queued", "scheduled":
		return nil
	case "rejected", "invalid":
		return fmt.Errorf("%w by Mandrill: %s %s", ErrRejected, result.Status, result.RejectReason)
	default:
		return errors.New("the answer of Mandrill has an unknown status")
	}
}
