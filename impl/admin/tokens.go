package admin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/token"
)

const maxTokens = 100 // of an application, which is what an answer lists

// ErrTooManyTokens means that an application has as many tokens as it may have.
var ErrTooManyTokens = fmt.Errorf("the application has %d tokens already: revoke one first", maxTokens)

// InsertToken adds a token to those of an application that the transaction has locked. Only its digest is stored, so
// its text cannot be shown again.
func InsertToken(ctx context.Context, tx bun.Tx, app *db.Application, now time.Time) (text string, _ *db.ApplicationToken, _ error) {
	n, err := tx.NewSelect().Model((*db.ApplicationToken)(nil)).Where("application_id = ?", app.ID).Count(ctx)
	if err != nil {
		return "", nil, err
	}
	if n >= maxTokens {
		return "", nil, ErrTooManyTokens
	}
	text, digest := token.New(token.Application)
	row := &db.ApplicationToken{ApplicationID: app.ID, TokenDigest: digest[:], CreatedAt: now}
	return text, row, db.Insert(ctx, tx, row)
}

// AddToken adds a token to those that an application has, and returns it with its id.
func AddToken(ctx context.Context, d *db.DB, slug string, now time.Time) (text string, id int64, _ error) {
	err := change(ctx, d, "application token", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		app, err := lockApplication(ctx, tx, slug)
		if err != nil {
			return err
		}
		event.Application = slug
		var row *db.ApplicationToken
		if text, row, err = InsertToken(ctx, tx, app, now); err != nil {
			return err
		}
		id = row.ID
		return nil
	})
	return text, id, err
}

// RevokeToken deletes the token with this id and returns the slug of its application.
func RevokeToken(ctx context.Context, d *db.DB, id int64, now time.Time) (slug string, _ error) {
	err := change(ctx, d, "application token revoke", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		err := tx.NewRaw(`
DELETE FROM application_tokens t USING applications a WHERE t.id = ? AND a.id = t.application_id RETURNING a.slug`, id).Scan(ctx, &slug)
		event.Application = slug
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("there is no token #%d", id)
		}
		return err
	})
	return slug, err
}
