package impl

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// SessionsIndex lists the live sessions of the user of the presented one, in all applications.
func (s *Server) SessionsIndex(ctx context.Context, req gen.SessionsIndexRequestObject) (gen.SessionsIndexResponseObject, error) {
	c, p := callOf(ctx), req.Body
	var sessions []*db.Session
	live := s.DB.NewSelect().Model(&sessions).Where("user_id = ?", c.session.UserID).ApplyQueryBuilder(c.live)
	count, err := counted(ctx, live, p.Count)
	if err != nil {
		return nil, err
	}
	by := string(p.Sort.By)
	if by == "" {
		by = "created_at"
	}
	if err := paged(live, p.Page, by, p.Sort.Order).Scan(ctx); err != nil {
		return nil, err
	}
	list := gen.SessionList{Results: make([]gen.Session, 0, len(sessions)), Count: count}
	for _, session := range sessions {
		app := c.registry.appsByID[session.ApplicationID]
		if app == nil {
			continue // deleted, or made within the last second
		}
		session.User = c.session.User
		list.Results = append(list.Results, sessionView(p.View, session, app, ""))
	}
	return gen.SessionsIndexActionSuccessful{Data: list}, nil
}

// live selects the sessions of the caller that have not passed a limit; expiry tells the same of one session, and knows of uses
// that are not written down yet.
func (c *call) live(q bun.QueryBuilder) bun.QueryBuilder {
	if c.session.User.RememberMe {
		return q
	}
	return q.Where("created_at > ? AND last_used_at > ?", c.now.Add(-sessionLife), c.now.Add(-sessionIdle))
}

var (
	noSession  = []gen.ParamError{paramError("id", gen.Exists, "the user has no such session")}
	idAndScope = []gen.ParamError{paramError("scope", gen.Allowed, "must not be passed along with id")}
)

// SessionsDelete signs out: the presented session, another one, all others, or all. With others go those that have expired,
// which remember_me could bring back; they do not count.
func (s *Server) SessionsDelete(ctx context.Context, req gen.SessionsDeleteRequestObject) (gen.SessionsDeleteResponseObject, error) {
	c, p := callOf(ctx), req.Body
	if p.ID != 0 && p.Scope != "" {
		return gen.InvalidParam{Errors: idAndScope}, nil
	}
	var sessions []*db.Session
	ended := s.DB.NewDelete().Model(&sessions).Where("user_id = ?", c.session.UserID).Returning("id, created_at, last_used_at")
	switch {
	case p.ID != 0:
		ended.Where("id = ?", p.ID).ApplyQueryBuilder(c.live)
	case p.Scope == gen.Others:
		ended.Where("id <> ?", c.session.ID)
	case p.Scope != gen.All:
		ended.Where("id = ?", c.session.ID)
	}
	c.changed = append(c.changed, c.session.UserID)
	if _, err := ended.Exec(ctx); err != nil {
		return nil, err
	}
	if len(sessions) == 0 && p.ID != 0 {
		return gen.InvalidParam{Errors: noSession}, nil
	}
	count := 0
	for _, session := range sessions {
		session.User.RememberMe = c.session.User.RememberMe
		session.LastUsedAt = s.uses.last(session.ID, session.LastUsedAt)
		if reason, _ := expiry(session, c.now); reason == "" {
			count++
		}
	}
	return gen.SessionsDeleteActionSuccessful{Data: gen.DeletedSessions{Count: count}}, nil
}
