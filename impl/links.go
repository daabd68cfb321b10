package impl

import (
	"context"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/token"
)

// linkPaths are the paths of the pages behind the links. Kinds that share a page are used in the same way.
var linkPaths = map[db.LinkKind]string{
	db.MagicLink: "/magic", db.ResetLink: "/reset", db.VerificationLink: "/verify", db.InvitationLink: "/reset",
}

// usedLike returns the kinds of links that share a page with this one.
func usedLike(kind db.LinkKind) (kinds []db.LinkKind) {
	for other, path := range linkPaths {
		if path == linkPaths[kind] {
			kinds = append(kinds, other)
		}
	}
	return kinds
}

// linkURL returns the URL that is mailed: a page of PlanoAuth itself.
func (s *Server) linkURL(kind db.LinkKind, token string) string {
	return s.Settings.PublicURL + linkPaths[kind] + "?token=" + url.QueryEscape(token)
}

// findLink returns the unconsumed link of a kind by its token, whatever its age; where invitations are used like
// that kind, also an invitation. It is nil if there is none.
func (s *Server) findLink(c *call, kind db.LinkKind, text string) (*db.Link, error) {
	digest := token.Digest(text)
	if !token.WellFormed(text, token.Link) || s.madeUpLinks.Unknown(c.network(), digest, c.now) {
		return nil, nil
	}
	link, err := db.LinkByToken(c.context(), s.DB, usedLike(kind), digest[:])
	if link == nil && err == nil {
		s.madeUpLinks.Count(c.network(), digest, c.now)
	}
	return link, err
}

// newLink creates a link and returns its URL. The redirect URL must have been checked.
func (s *Server) newLink(ctx context.Context, tx bun.Tx, link *db.Link) (address string, _ error) {
	text, digest := token.New(token.Link)
	link.TokenDigest = digest[:]
	s.madeUpLinks.Made(link.TokenDigest)
	return s.linkURL(link.Kind, text), db.AddLink(ctx, tx, link)
}

// checkLink returns an unconsumed link with its user and application, whatever its age. All are nil if any of
// them does not exist.
func (s *Server) checkLink(c *call, r *registry, kind db.LinkKind, token string) (*db.Link, *db.User, *db.Application, error) {
	link, err := s.findLink(c, kind, token)
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
