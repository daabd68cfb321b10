package db

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	d := openDB(t)
	user, _ := newUser(t, d)
	link := func(at time.Time) *Link {
		return &Link{Kind: MagicLink, UserID: user.ID, ApplicationID: 1, TokenDigest: []byte(rand.Text()), CreatedAt: at}
	}
	now := time.Now()
	var links []*Link
	for i := range 4 {
		l := link(now.Add(time.Duration(i) * time.Second))
		l.KnownAddress = i == 0
		links = append(links, l)
		check(t, AddLink(t.Context(), d, l))
	}
	for i, l := range links {
		found, err := LinkByToken(t.Context(), d, l.TokenDigest, MagicLink)
		if replaced := i == 1; err != nil || replaced != (found == nil) { // the oldest from an unknown address
			t.Errorf("the link %d is %v, %v", i, found, err)
		}
	}
	second := links[2]
	if again, err := LinkRequested(t.Context(), d, second); !again || err != nil {
		t.Errorf("a request that has its link has %v, %v", again, err)
	}
	if again, err := LinkRequested(t.Context(), d, link(now.Add(time.Minute))); again || err != nil {
		t.Errorf("a request without a link has %v, %v", again, err)
	}
	if found, err := LinkByToken(t.Context(), d, second.TokenDigest, ResetLink); found != nil || err != nil {
		t.Errorf("the link is found as one of another kind: %v, %v", found, err)
	}
	found, err := LinkByToken(t.Context(), d, second.TokenDigest, MagicLink)
	if err != nil || found == nil || found.UserID != user.ID {
		t.Fatalf("the link is %v, %v", found, err)
	}
	check(t, ConsumeLink(t.Context(), d, found))
	if err := ConsumeLink(t.Context(), d, found); !errors.Is(err, ErrLinkConsumed) {
		t.Errorf("a consumed link gets the error %v", err)
	}
}

// A foreign key that fails is recognized by its name.
func TestViolates(t *testing.T) {
	d := openDB(t)
	user, _ := newUser(t, d)
	err := AddLink(t.Context(), d, &Link{Kind: MagicLink, UserID: user.ID, ApplicationID: 1 << 40, TokenDigest: []byte(rand.Text()), CreatedAt: time.Now()})
	if !Violates(err, LinksApplicationIDFkey) || Violates(err, LinksUserIDFkey) {
		t.Errorf("the error is %v", err)
	}
}
