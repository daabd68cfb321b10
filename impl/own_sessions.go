package impl

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// SessionsIndex lists the live sessions of the user of the presented one, in all applications.
func (s *Server) SessionsIndex(ctx context.Context, req gen.SessionsIndexRequestObject) (gen.SessionsIndexResponseObject, error) {
	c, p := callOf(ctx), req.Body
	var sessions []*db.Session
	live := s.DB.NewSelect().Model(&sessions).Where("user_id = ?", c.session.UserID).ApplyQueryBuilder(c.live(0))
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

// live selects the sessions of the caller that have not passed a limit; expiry tells the same of one session. Uses of so long ago
// need not be written down yet.
func (c *call) live(unwritten time.Duration) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("? OR created_at > ? AND last_used_at > ?", c.session.User.RememberMe, c.now.Add(-sessionLife), c.now.Add(-sessionIdle-unwritten))
	}
}

var (
	noSession  = []gen.ParamError{paramError("id", gen.Exists, "the user has no such session")}
	idAndScope = []gen.ParamError{paramError("scope", gen.Allowed, "must not be passed along with id")}
)

// SessionsDelete signs out: the presented session, another one, all others, or all.
func (s *Server) SessionsDelete(ctx context.Context, req gen.SessionsDeleteRequestObject) (gen.SessionsDeleteResponseObject, error) {
	c, p := callOf(ctx), req.Body
	if p.ID != 0 && p.Scope != "" {
		return gen.InvalidParam{Errors: idAndScope}, nil
	}
	ended := s.DB.NewDelete().Model((*db.Session)(nil)).Where("user_id = ?", c.session.UserID)
	live := c.live(useRemembers)
	switch {
	case p.ID != 0 && p.ID != c.session.ID:
		ended.Where("id = ?", p.ID).ApplyQueryBuilder(live)
	case p.Scope == gen.Others:
		ended.Where("id <> ?", c.session.ID).ApplyQueryBuilder(live)
	case p.Scope == gen.All:
		ended.WhereGroup(" AND ", func(q *bun.DeleteQuery) *bun.DeleteQuery {
			return q.ApplyQueryBuilder(live).WhereOr("id = ?", c.session.ID)
		})
	default:
		ended.Where("id = ?", c.session.ID)
	}
	c.changed = append(c.changed, c.session.UserID)
	done, err := ended.Exec(ctx)
	if err != nil {
		return nil, err
	}
	count, err := done.RowsAffected()
	if err == nil && count == 0 && p.ID != 0 {
		return gen.InvalidParam{Errors: noSession}, nil
	}
	return gen.SessionsDeleteActionSuccessful{Data: gen.DeletedSessions{Count: count}}, err
}
