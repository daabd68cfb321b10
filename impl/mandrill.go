package impl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"

	"github.com/planoauth/planoauth/db"
)

// Mandrill sends mails by Mandrill's HTTP API, https://mailchimp.com/developer/transactional/api/messages/send-new-message/.
type Mandrill struct {
	key, url string
	from     *mail.Address
	client   http.Client
}

// mandrillConnections are kept open, so that a burst of mails does not pay for a new one each.
const mandrillConnections = 32

// NewMandrill is a mailer that uses the account of this key. The URL is the one that /messages/send is appended to.
func NewMandrill(key, url, from string) (*Mandrill, error) {
	sender, err := parseSender(from)
	m := &Mandrill{key: key, url: strings.TrimSuffix(url, "/") + "/messages/send", from: sender}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = mandrillConnections
	m.client.Transport = transport
	m.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the key stays here
	return m, err
}

// parseSender reads MAIL_FROM: `Name <address>` or an address.
func parseSender(from string) (*mail.Address, error) {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("MAIL_FROM must be an address or `Name <address>`")
	}
	return address, nil
}

type mandrillSend struct {
	Key     string          `json:"key"`
	Message mandrillMessage `json:"message"`
}

type mandrillMessage struct {
	FromEmail  string              `json:"from_email"`
	FromName   string              `json:"from_name,omitempty"`
	To         []mandrillRecipient `json:"to"`
	Subject    string              `json:"subject"`
	Text       string              `json:"text"`
	HTML       string              `json:"html"`
	Tags       []string            `json:"tags"`
	TrackOpens bool                `json:"track_opens"`
	// Links stay as they are: a rewritten one would pass its token through another server.
	TrackClicks bool `json:"track_clicks"`
	// ViewContentLink would keep the content, links and all, at Mandrill.
	ViewContentLink bool `json:"view_content_link"`
}

type mandrillRecipient struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
	Type  string `json:"type"`
}

// Send posts one mail. Mandrill answers 200 with a status for each recipient, or an error with a name.
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
		return fmt.Errorf("mandrill did not answer: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("mandrill's answer broke off: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return mandrillError(res.StatusCode, answer)
	}
	return mandrillResult(answer)
}

func mandrillError(code int, answer []byte) error {
	var refused struct{ Name string }
	if json.Unmarshal(answer, &refused) != nil || refused.Name == "" {
		return fmt.Errorf("mandrill answered with HTTP status %d", code)
	}
	return fmt.Errorf("mandrill refused: %s", refused.Name)
}

func mandrillResult(answer []byte) error {
	var results []struct {
		Status       string
		RejectReason string `json:"reject_reason"`
	}
	if err := json.Unmarshal(answer, &results); err != nil || len(results) != 1 {
		return fmt.Errorf("mandrill's answer is not a list of one result")
	}
	switch result := results[0]; result.Status {
	case "sent", "queued", "scheduled":
		return nil
	case "rejected", "invalid":
		return fmt.Errorf("%w: mandrill said %s %s", errRejected, result.Status, result.RejectReason)
	default:
		return fmt.Errorf("mandrill answered with an unknown status")
	}
}
