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
	first, second := link(now), link(now.Add(time.Second))
	check(t, ReplaceLink(t.Context(), d, first))
	if err := ReplaceLink(t.Context(), d, link(now)); !errors.Is(err, ErrSuperseded) {
		t.Errorf("a link that is not newer gets the error %v", err)
	}
	check(t, ReplaceLink(t.Context(), d, second))
	if found, err := LinkByToken(t.Context(), d, MagicLink, first.TokenDigest); found != nil || err != nil {
		t.Errorf("the replaced link is found: %v, %v", found, err)
	}
	if found, err := LinkByToken(t.Context(), d, ResetLink, second.TokenDigest); found != nil || err != nil {
		t.Errorf("the link is found as one of another kind: %v, %v", found, err)
	}
	found, err := LinkByToken(t.Context(), d, MagicLink, second.TokenDigest)
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
	err := ReplaceLink(t.Context(), d, &Link{Kind: MagicLink, UserID: user.ID, ApplicationID: 1 << 40, TokenDigest: []byte(rand.Text()), CreatedAt: time.Now()})
	if !Violates(err, LinksApplicationIDFkey) || Violates(err, LinksUserIDFkey) {
		t.Errorf("the error is %v", err)
	}
}
