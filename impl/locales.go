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

// wearLocale gives a user, who will be saved, the language of the page.
func (s *Server) wearLocale(c *call, user *db.User) { user.Locale = cmp.Or(s.pageLocale(c), user.Locale) }

// keepLocale saves the language of the page of a user who has just proven who they are, unless it was saved already:
// mails follow it.
func (s *Server) keepLocale(ctx context.Context, idb bun.IDB, c *call, user *db.User) error {
	known := user.Locale
	if s.wearLocale(c, user); user.Locale == known {
		return nil
	}
	return db.SetLocale(ctx, idb, user.ID, user.Locale)
}
