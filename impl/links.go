package impl

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"github.com/planoauth/planoauth/db"
)

const linkPrefix = "plal_"

// The kinds of mailed links, as the table has them.
const (
	magicLink        = "magic"
	resetLink        = "reset"
	verificationLink = "verification"
)

// linkLives is how long a link of each kind works; the mails say the same.
var linkLives = map[string]time.Duration{
	magicLink:        15 * time.Minute,
	resetLink:        time.Hour,
	verificationLink: 7 * 24 * time.Hour,
}

// linkPaths are where the pages behind the links are.
var linkPaths = map[string]string{magicLink: "/magic", resetLink: "/reset", verificationLink: "/verify"}

// linkURL is what is mailed: the address of a page of PlanoAuth's own.
func (s *Server) linkURL(kind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink finds an unused link of this kind by its token, whatever its age. It is nil when there is none.
func (s *Server) findLink(ctx context.Context, kind, token string) (*db.Link, error) {
	if !wellFormed(token, linkPrefix) {
		return nil, nil
	}
	link := &db.Link{}
	err := s.DB.NewSelect().Model(link).Where("token_digest = ? AND kind = ?", digestOf(token), kind).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return link, err
}

// linkExpired tells whether a link has outlived its life.
func linkExpired(link *db.Link, now time.Time) bool {
	return !now.Before(link.CreatedAt.Add(linkLives[link.Kind]))
}
