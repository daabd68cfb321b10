package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"
)

// mandrill is a double of Mandrill's messages/send that counts what it has accepted.
type mandrill struct {
	*httptest.Server
	mu       sync.Mutex
	mode     mandrillMode
	accepted map[string][]string // texts, by address
	dropped  map[string]int      // of these, those that it died over, by address
	total    int                 // mails accepted
	open     int                 // calls that are not answered yet
	last     time.Time           // when the last call ended
	hook     func()              // called when a mail is accepted and not answered yet; nil for none
}

type mandrillMode string

const (
	well  mandrillMode = ""
	away  mandrillMode = "away"  // 502, and nothing is accepted
	slow  mandrillMode = "slow"  // accepts at once, and says so after slowness
	dying mandrillMode = "dying" // accepts, and every other time dies before it says so
)

// slowness is longer than a request waits for Mandrill.
const slowness = 6 * time.Second

func startMandrill() *mandrill {
	m := &mandrill{accepted: map[string][]string{}, dropped: map[string]int{}}
	m.Server = httptest.NewServer(m)
	return m
}

func (m *mandrill) be(mode mandrillMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

// whenAccepted sets a hook. Mails may be concurrent.
func (m *mandrill) whenAccepted(hook func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

// ServeHTTP accepts a mail, or fails as the mode says.
func (m *mandrill) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Message struct {
			To   []struct{ Email string }
			Text string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || len(call.Message.To) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	mode, dies, hook := m.accept(call.Message.To[0].Email, call.Message.Text)
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.open--
		m.last = time.Now()
	}()
	switch {
	case mode == away:
		w.WriteHeader(http.StatusBadGateway)
		return
	case dies:
		conn, _, err := w.(http.Hijacker).Hijack()
		check(err)
		conn.Close()
		return
	case mode == slow:
		time.Sleep(slowness)
	}
	if hook != nil {
		hook()
	}
	w.Write([]byte(`[{"status":"sent"}]`))
}

// accept counts a mail, unless the double is away.
func (m *mandrill) accept(to, text string) (mode mandrillMode, dies bool, hook func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	if m.mode == away {
		return m.mode, false, nil
	}
	m.accepted[to] = append(m.accepted[to], text)
	m.total++
	dies = m.mode == dying && m.total%2 == 0
	if dies {
		m.dropped[to]++
	}
	return m.mode, dies, m.hook
}

// quiet reports whether no call is under way, and none ended within this time.
func (m *mandrill) quiet(since time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open == 0 && time.Since(m.last) >= since
}

var linkToken = regexp.MustCompile(`token=(plal_\w+)`)

// links returns the tokens of all links that were mailed to an address.
func (m *mandrill) links(to string) (tokens []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, text := range m.accepted[to] {
		if found := linkToken.FindStringSubmatch(text); found != nil {
			tokens = append(tokens, found[1])
		}
	}
	return tokens
}
