package impl

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/oidc"
)

// SessionsHandOver ends the presented session, and returns a token with which the product makes a session of its own
// that continues this one.
func (s *Server) SessionsHandOver(ctx context.Context, req gen.SessionsHandOverRequestObject) (gen.SessionsHandOverResponseObject, error) {
	c, p := callOf(ctx), req.Body
	if p.RedirectURL != "" && !allowsRedirect(c.sessionApp, p.RedirectURL) {
		return gen.InvalidParam{Errors: redirectNotAllowed}, nil
	}
	link := &db.Link{
		Kind: db.HandedOverLink, UserID: c.session.UserID, ApplicationID: c.sessionApp.ID, CreatedAt: c.now,
		RedirectURL: cmp.Or(p.RedirectURL, c.session.RedirectURL),
		Challenge:   p.Challenge, SessionCreatedAt: c.session.CreatedAt, SessionMethod: c.session.Method,
	}
	next := nextURL(link, c.sessionApp)
	if next == "" {
		return gen.InvalidParam{Errors: redirectMissing}, nil
	}
	var token string
	err := s.whileSignedIn(c, func(ctx context.Context, tx bun.Tx) (err error) {
		if token, err = s.addLink(ctx, tx, link); err != nil {
			return err
		}
		return db.EndSession(ctx, tx, c.session.ID)
	})
	switch {
	case errors.Is(err, errSignedOut) || db.Violates(err, db.LinksApplicationIDFkey):
		return invalidToken, nil
	case err != nil:
		return nil, err
	}
	address := formats.AddQuery(next, url.Values{"magic_token": {token}})
	return gen.SessionsHandOverActionSuccessful{Data: gen.HandedOver{MagicToken: token, URL: address}}, nil
}

// lacksVerifier reports whether a link needs a verifier, and this is not the one.
func lacksVerifier(link *db.Link, verifier string) bool {
	return link.Kind == db.HandedOverLink && (verifier == "" || oidc.Challenge(verifier) != link.Challenge)
}

// resume gives a new session the age of the one that was handed over, so that handing over extends no session. It
// reports whether that one would still be live.
func (c *call) resume(session *db.Session, link *db.Link) bool {
	session.CreatedAt, session.Method = link.SessionCreatedAt, link.SessionMethod
	return !expired(session, c.now)
}

// useHandedOver consumes a link that was handed over, and saves its session unless the user has no role or is
// suspended. It verifies no e-mail address, and records no known network address.
func (s *Server) useHandedOver(c *call, link *db.Link, user *db.User, app *db.Application, session *db.Session) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if _, err := c.lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := db.ConsumeLink(ctx, tx, link); err != nil {
			return err
		}
		switch accessOf(user, app) {
		case noRole:
			return c.record(ctx, tx, gen.UserRequiresRole{}.Slug())
		case suspended:
			return c.record(ctx, tx, gen.UserSuspended{}.Slug())
		case noRecord, admitted:
		}
		s.madeUpSessions.Made(session.TokenDigest)
		if err := db.Insert(ctx, tx, session); err != nil {
			return err
		}
		c.concernsSession(session)
		if c.session == nil {
			return nil
		}
		c.changed = append(c.changed, c.session.UserID)
		return db.EndSession(ctx, tx, c.session.ID)
	})
}
