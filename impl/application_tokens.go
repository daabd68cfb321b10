package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/admin"
)

// ApplicationsTokenCreate adds a token to those of an application.
func (s *Server) ApplicationsTokenCreate(ctx context.Context, req gen.ApplicationsTokenCreateRequestObject) (
	gen.ApplicationsTokenCreateResponseObject, error,
) {
	c, app := callOf(ctx), db.Application{ID: req.Body.ID}
	var text string
	var made *db.ApplicationToken
	err := s.changeApplication(c, &app, func(ctx context.Context, tx bun.Tx) (err error) {
		text, made, err = admin.InsertToken(ctx, tx, &app, c.now)
		return err
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchApplication}, nil
	case errors.Is(err, admin.ErrTooManyTokens):
		return gen.InvalidParam{Errors: tooManyTokens}, nil
	case err != nil:
		return nil, err
	}
	return gen.ApplicationsTokenCreateActionSuccessful{Data: gen.NewApplicationToken{
		ID: made.ID, Token: text, CreatedAt: timeText(made.CreatedAt),
	}}, nil
}

// ApplicationsTokenDelete revokes a token of an application.
func (s *Server) ApplicationsTokenDelete(ctx context.Context, req gen.ApplicationsTokenDeleteRequestObject) (
	gen.ApplicationsTokenDeleteResponseObject, error,
) {
	c, p := callOf(ctx), req.Body
	app := db.Application{ID: p.ID}
	err := s.changeApplication(c, &app, func(ctx context.Context, tx bun.Tx) error {
		token := &db.ApplicationToken{ID: p.TokenID}
		deleted, err := db.ChangedOne(tx.NewDelete().Model(token).WherePK().Where("application_id = ?", p.ID).Exec(ctx))
		if err == nil && !deleted {
			return errNoToken
		}
		return err
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchApplication}, nil
	case errors.Is(err, errNoToken):
		return gen.InvalidParam{Errors: noSuchToken}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.applicationViews(c, p.View, []db.Application{app})
	if err != nil {
		return nil, err
	}
	return gen.ApplicationsTokenDeleteActionSuccessful{Data: shown[0]}, nil
}

var errNoToken = errors.New("the application has no such token")

var (
	tooManyTokens = []gen.ParamError{paramError("id", gen.Allowed, "has as many tokens as an application may have: revoke one first")}
	noSuchToken   = []gen.ParamError{paramError("token_id", gen.Exists, "the application has no such token")}
)
