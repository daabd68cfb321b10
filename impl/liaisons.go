package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/validation"
)

var liaisons = listing[db.Liaison]{
	ofUser: true,
	search: map[string]string{"email": recordEmail, "name": recordName},
	filters: map[string]string{
		"inactive": "NOT ?TableAlias.active",
	},
	sorts: map[string]sorting[db.Liaison]{
		"created_at": {"?TableAlias.created_at", func(l *db.Liaison) any { return l.CreatedAt }},
		"email":      {recordEmail, func(l *db.Liaison) any { return emailOf(l.User) }},
	},
	sort: "created_at",
	id:   func(l *db.Liaison) int64 { return l.ID },
}

// LiaisonsIndex lists the liaisons.
func (s *Server) LiaisonsIndex(ctx context.Context, req gen.LiaisonsIndexRequestObject) (gen.LiaisonsIndexResponseObject, error) {
	found, refusal, err := list(s, callOf(ctx), &liaisons, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown := views(found, req.Body.View, func(view gen.View, l *db.Liaison) gen.Liaison { return liaisonView(view, l, l.User) })
	return gen.LiaisonsIndexActionSuccessful{Data: gen.LiaisonList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// LiaisonsRead returns a record of a liaison.
func (s *Server) LiaisonsRead(ctx context.Context, req gen.LiaisonsReadRequestObject) (gen.LiaisonsReadResponseObject, error) {
	c, liaison := callOf(ctx), db.Liaison{ID: req.Body.ID}
	found, err := db.Find(c.context(), s.DB, &liaison)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return noSuch(db.RoleLiaison), nil
	}
	return gen.LiaisonsReadActionSuccessful{Data: liaisonView(req.Body.View, &liaison, c.about)}, nil
}

// LiaisonsCreate makes somebody a liaison.
func (s *Server) LiaisonsCreate(ctx context.Context, req gen.LiaisonsCreateRequestObject) (gen.LiaisonsCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	names := profile{firstName: p.FirstName, lastName: p.LastName}
	if wrong := names.normalize(""); len(wrong) > 0 {
		return gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	user := &db.User{Email: formats.NormalizeEmail(p.Email), FirstName: p.FirstName, LastName: p.LastName, CreatedAt: c.now}
	liaison := &db.Liaison{Active: true, CreatedAt: c.now}
	_, mail, err := s.createRecord(c, &newRecord{
		user: user, role: db.RoleLiaison, app: c.sessionApp, mail: p.Invite == nil || *p.Invite,
		record: func(userID int64) any { liaison.UserID = userID; return liaison },
	})
	switch {
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyLiaison{}, nil
	case errors.Is(err, errUnproven):
		return gen.EmailUnverified{}, nil
	case err != nil:
		return nil, err
	}
	data := liaisonView(p.View, liaison, user)
	if mail != nil && !s.deliver(c, mail) {
		return gen.LiaisonsCreateMandrillEmailFailed{Data: data}, nil
	}
	return gen.LiaisonsCreateActionSuccessful{Data: data}, nil
}

// LiaisonsUpdate changes those fields of a liaison that are passed.
func (s *Server) LiaisonsUpdate(ctx context.Context, req gen.LiaisonsUpdateRequestObject) (gen.LiaisonsUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	liaison := db.Liaison{ID: p.ID}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if err := c.lockRecord(ctx, tx, &liaison); err != nil {
			return err
		}
		if p.Active != nil {
			liaison.Active = *p.Active
		}
		return db.Update(ctx, tx, &liaison, "active")
	})
	switch {
	case errors.Is(err, errGone):
		return noSuch(db.RoleLiaison), nil
	case err != nil:
		return nil, err
	}
	return gen.LiaisonsUpdateActionSuccessful{Data: liaisonView(p.View, &liaison, c.about)}, nil
}
