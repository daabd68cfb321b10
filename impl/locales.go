package impl

import (
	"cmp"
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/web"
)

// pageLocale returns the language of the page that sent the request, if it is one of PlanoAuth's own. It is "" for the
// pages of products, which may be in another language than their user's browser says, and for all other callers.
func (s *Server) pageLocale(c *call) string {
	if c.req.Header.Get("Origin") != s.Settings.PublicURL || c.req.Header.Get("Accept-Language") == "" {
		return ""
	}
	return string(web.LanguageOf(c.req))
}

// setPageLocale sets the user's locale to the language of the page, if it has one. The caller saves the user.
func (s *Server) setPageLocale(c *call, user *db.User) {
	user.Locale = cmp.Or(s.pageLocale(c), user.Locale)
}

// changesLocale reports whether the language of the page is not the user's locale yet.
func (s *Server) changesLocale(c *call, user *db.User) bool {
	return cmp.Or(s.pageLocale(c), user.Locale) != user.Locale
}

// savePageLocale saves the language of the page as the locale of a user who has just signed in, unless it is the locale
// already.
func (s *Server) savePageLocale(ctx context.Context, idb bun.IDB, c *call, user *db.User) error {
	if !s.changesLocale(c, user) {
		return nil
	}
	s.setPageLocale(c, user)
	return db.SetLocale(ctx, idb, user.ID, user.Locale)
}
