package impl

import (
	"context"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/token"
)

// linkPaths are the paths of the pages behind the links.
var linkPaths = map[db.LinkKind]string{
	db.MagicLink: "/magic", db.ResetLink: "/reset", db.InvitationLink: "/reset", db.VerificationLink: "/verify",
	db.EmailChangeLink: "/email", db.EmailChangeUndoLink: "/email",
}

// linkURL returns the URL that is mailed: a page of PlanoAuth itself.
func (s *Server) linkURL(kind db.LinkKind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink returns the unconsumed link of one of these kinds by its token, whatever its age. It is nil if there is
// none.
func (s *Server) findLink(c *call, text string, kinds ...db.LinkKind) (*db.Link, error) {
	digest := token.Digest(text)
	if !token.WellFormed(text, token.Link) || s.madeUpLinks.Unknown(c.network(), digest, c.now) {
		return nil, nil
	}
	link, err := db.LinkByToken(c.context(), s.DB, digest[:], kinds...)
	if link == nil && err == nil {
		s.madeUpLinks.Count(c.network(), digest, c.now)
	}
	return link, err
}

// newLink creates a link and returns its URL. The redirect URL must have been checked.
func (s *Server) newLink(ctx context.Context, tx bun.Tx, link *db.Link) (address string, _ error) {
	text, err := s.addLink(ctx, tx, link)
	return s.linkURL(link.Kind, text), err
}

// addLink is newLink, but returns the token.
func (s *Server) addLink(ctx context.Context, tx bun.Tx, link *db.Link) (text string, _ error) {
	text, digest := token.New(token.Link)
	link.TokenDigest = digest[:]
	s.madeUpLinks.Made(link.TokenDigest)
	return text, db.AddLink(ctx, tx, link)
}

// checkLink returns an unconsumed link of one of these kinds with its user and application, whatever its age. All
// are nil if any of them does not exist.
func (s *Server) checkLink(c *call, r *registry, token string, kinds ...db.LinkKind) (*db.Link, *db.User, *db.Application, error) {
	link, err := s.findLink(c, token, kinds...)
	if link == nil || err != nil {
		return nil, nil, nil, err
	}
	user, err := s.DB.UserByID(c.context(), link.UserID)
	app := r.appsByID[link.ApplicationID]
	if user == nil || app == nil || err != nil {
		return nil, nil, nil, err
	}
	return link, user, app, nil
}
