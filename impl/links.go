package impl

import (
	"context"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/token"
)

// linkPaths are the paths of the pages behind the links.
var linkPaths = map[db.LinkKind]string{db.MagicLink: "/magic", db.ResetLink: "/reset", db.VerificationLink: "/verify"}

// linkURL returns the URL that is mailed: a page of PlanoAuth itself.
func (s *Server) linkURL(kind db.LinkKind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink returns the unconsumed link of a kind by its token, whatever its age. It is nil if there is none.
func (s *Server) findLink(ctx context.Context, kind db.LinkKind, text string) (*db.Link, error) {
	if !token.WellFormed(text, token.Link) {
		return nil, nil
	}
	digest := token.Digest(text)
	return db.LinkByToken(ctx, s.DB, kind, digest[:])
}

// newLink creates a link, in place of an older one of the user and kind, and returns its URL. The redirect
// URL must have been checked. It returns db.ErrSuperseded if there is a link that is not older.
func (s *Server) newLink(ctx context.Context, tx bun.Tx, link *db.Link) (address string, _ error) {
	text, digest := token.New(token.Link)
	link.TokenDigest = digest[:]
	return s.linkURL(link.Kind, text), db.ReplaceLink(ctx, tx, link)
}

// checkLink returns an unconsumed link with its user and application, whatever its age. All are nil if any of
// them does not exist.
func (s *Server) checkLink(ctx context.Context, r *registry, kind db.LinkKind, token string) (*db.Link, *db.User, *db.Application, error) {
	link, err := s.findLink(ctx, kind, token)
	if link == nil || err != nil {
		return nil, nil, nil, err
	}
	user, err := s.DB.UserByID(ctx, link.UserID)
	app := r.appsByID[link.ApplicationID]
	if user == nil || app == nil || err != nil {
		return nil, nil, nil, err
	}
	return link, user, app, nil
}
