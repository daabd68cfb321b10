package tests

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/planoauth/planoauth/impl/mailer"
)

// mandrill is a double of Mandrill's messages/send that can be set to fail.
type mandrill struct {
	url     string
	mu      sync.Mutex
	mode    string
	message []mandrillMail
	stalled chan struct{}
	open    atomic.Int64 // connections
	hook    func(mandrillStep)
}

// mandrillStep is a step of Mandrill's handling of a mail.
type mandrillStep string

const (
	connected mandrillStep = "connected" // and no mail was sent yet
	asked     mandrillStep = "asked"     // a mail was sent
	accepted  mandrillStep = "accepted"  // and not answered yet
	answered  mandrillStep = "answered"
)

// mandrillMail is an accepted mail.
type mandrillMail struct {
	To, Subject, Text, HTML, From string
}

func startMandrill(t testing.TB) *mandrill {
	m := &mandrill{stalled: make(chan struct{})}
	server := httptest.NewUnstartedServer(m)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			m.open.Add(1)
			m.reach(connected)
		case http.StateClosed, http.StateHijacked:
			m.open.Add(-1)
		default:
		}
	}
	server.Start()
	m.url = server.URL + "/api/1.0"
	t.Cleanup(func() { close(m.stalled); server.Close() })
	return m
}

// mailer returns a mailer that sends by this Mandrill.
func (m *mandrill) mailer(t testing.TB) mailer.Mailer {
	sender, err := mailer.NewMandrill("md-test-key", m.url, "PlanoAuth <auth@planoauth.example>")
	check(t, err)
	return sender
}

// be sets the mode: "" accepts; rejected, invalid, queued and scheduled are results; down, garbage, drop,
// stall and badkey are failures.
func (m *mandrill) be(mode string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

// at calls hook at each step of each mail, before the next step. Mails may be concurrent.
func (m *mandrill) at(hook func(mandrillStep)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

func (m *mandrill) reach(step mandrillStep) {
	m.mu.Lock()
	hook := m.hook
	m.mu.Unlock()
	if hook != nil {
		hook(step)
	}
}

// left reports whether all connections are closed, so that no call is in flight.
func (m *mandrill) left() bool { return m.open.Load() == 0 }

// mails returns the accepted mails.
func (m *mandrill) mails() []mandrillMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]mandrillMail(nil), m.message...)
}

func (m *mandrill) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Key     string
		Message struct {
			Subject, Text, HTML string
			FromEmail           string `json:"from_email"`
			To                  []struct{ Email, Type string }
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	refuse := func(name, message string) {
		w.WriteHeader(http.StatusInternalServerError)
		json.NewEncoder(w).Encode(map[string]any{"status": "error", "code": -1, "name": name, "message": message})
	}
	if r.URL.Path != "/api/1.0/messages/send" || r.Method != http.MethodPost {
		refuse("Unknown_Method", "There is no such method")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || len(call.Message.To) != 1 || call.Message.To[0].Type != "to" {
		refuse("ValidationError", "The call is not understood")
		return
	}
	m.reach(asked)
	m.mu.Lock()
	mode := m.mode
	m.mu.Unlock()
	if mode == "badkey" || call.Key != "md-test-key" {
		refuse("Invalid_Key", "Invalid API key")
		return
	}
	result := "sent"
	switch mode {
	case "down":
		w.WriteHeader(http.StatusBadGateway)
		return
	case "garbage":
		w.Write([]byte("<html>an answer of some proxy</html>"))
		return
	case "drop":
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
		return
	case "stall":
		select {
		case <-m.stalled:
		case <-time.After(20 * time.Second):
		}
		return
	case "rejected", "invalid", "queued", "scheduled":
		result = mode
	}
	if result != "rejected" && result != "invalid" {
		m.mu.Lock()
		m.message = append(m.message, mandrillMail{
			To: call.Message.To[0].Email, Subject: call.Message.Subject, Text: call.Message.Text, HTML: call.Message.HTML, From: call.Message.FromEmail,
		})
		m.mu.Unlock()
		m.reach(accepted)
	}
	json.NewEncoder(w).Encode([]map[string]any{{"email": call.Message.To[0].Email, "status": result, "_id": "abc123", "reject_reason": nil}})
	w.(http.Flusher).Flush()
	m.reach(answered)
}

var hashes sync.Map

// hashOf returns the cheapest argon2 hash of a password, computed once a run.
func hashOf(t testing.TB, password string) string {
	if hash, ok := hashes.Load(password); ok {
		return hash.(string)
	}
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	check(t, err)
	hashes.Store(password, hash)
	return hash
}
