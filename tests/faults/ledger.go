package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

// promised is how long a session may be accepted after it was ended.
const promised = time.Second

// person is what the load knows of a user. One worker has each, and only sign-ins of a person are concurrent.
type person struct {
	email      string
	registered bool   // and acknowledged
	other      string // a password that may have been set instead
	linked     bool   // a link was mailed, and no password was set since

	mu       sync.Mutex
	password string
	sessions []*session
	unsure   int              // sessions that may have been made, of unknown tokens
	mails    map[string]bound // by kind
}

// bound is how many of something there must be at least and at most.
type bound struct{ least, most int }

type session struct {
	token   string
	state   sessionState
	endedAt time.Time // when that was acknowledged
}

type sessionState int

const (
	sessionLive sessionState = iota
	sessionEnded
	sessionUnsure // a request to end it has no good answer
)

func (s *session) end(at time.Time) {
	if s.state != sessionEnded {
		s.state, s.endedAt = sessionEnded, at
	}
}

func (s *session) unsettle() {
	if s.state == sessionLive {
		s.state = sessionUnsure
	}
}

// sessionOf chooses a session in one of these states, nil if there is none.
func (p *person) sessionOf(random *rand.Rand, states ...sessionState) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*session
	for _, s := range p.sessions {
		for _, state := range states {
			if s.state == state {
				found = append(found, s)
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[random.IntN(len(found))]
}

// signedIn keeps the session that an answer brings.
func (p *person) signedIn(a answer, token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.done() {
		p.sessions = append(p.sessions, &session{token: token})
	} else {
		p.unsure++
	}
}

// mailed counts a mail that the answer promises, or that may have been queued.
func (p *person) mailed(a answer, kind string) {
	if p.mails == nil {
		p.mails = map[string]bound{}
	}
	b := p.mails[kind]
	b.most++
	if a.done() {
		b.least++
		p.linked = true
	}
	p.mails[kind] = b
}
