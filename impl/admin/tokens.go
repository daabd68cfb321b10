package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/token"
)

// AddToken adds a token to those that an application has, and returns it with its id. Only its digest is
// stored, so it cannot be shown again.
func AddToken(ctx context.Context, d *db.DB, slug string, now time.Time) (text string, id int64, err error) {
	text, digest := token.New(token.Application)
	err = d.Pool.QueryRow(ctx, `
INSERT INTO application_tokens (application_id, token_digest, created_at) SELECT id, $2, $3 FROM applications WHERE slug = $1 RETURNING id`,
		slug, digest[:], now).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNoApplication(slug)
	}
	return text, id, err
}

// RevokeToken deletes the token with this id and returns the slug of its application.
func RevokeToken(ctx context.Context, d *db.DB, id int64) (slug string, err error) {
	err = d.Pool.QueryRow(ctx, `
DELETE FROM application_tokens t USING applications a WHERE t.id = $1 AND a.id = t.application_id RETURNING a.slug`, id).Scan(&slug)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("there is no token #%d", id)
	}
	return slug, err
}
