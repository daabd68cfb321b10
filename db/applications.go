package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// TokensOf returns the tokens of applications without their digests, the oldest first, by the application's id.
func TokensOf(ctx context.Context, idb bun.IDB, applications []int64) (map[int64][]ApplicationToken, error) {
	if len(applications) == 0 {
		return nil, nil
	}
	var tokens []ApplicationToken
	err := idb.NewSelect().Model(&tokens).Column("id", "application_id", "created_at", "last_used_at").
		Where("application_id IN ?", bun.Tuple(applications)).Order("id").Scan(ctx)
	byApplication := make(map[int64][]ApplicationToken, len(applications))
	for _, token := range tokens {
		byApplication[token.ApplicationID] = append(byApplication[token.ApplicationID], token)
	}
	return byApplication, err
}

// SetLogo saves the logo of an application, and sets its LogoDigest. An empty logo removes it.
func SetLogo(ctx context.Context, idb bun.IDB, app *Application, logo []byte) error {
	if len(logo) == 0 {
		logo = nil
	}
	update := idb.NewRaw("UPDATE applications SET logo = ? WHERE id = ? RETURNING coalesce(logo_digest, '')", logo, app.ID)
	return update.Scan(ctx, &app.LogoDigest)
}

// Logo returns the logo of an application with its digest, both empty if there is none.
func (d *DB) Logo(ctx context.Context, application int64) (logo []byte, digest string, err error) {
	row := d.Pool.QueryRow(ctx, "SELECT coalesce(logo, ''), coalesce(logo_digest, '') FROM applications WHERE id = $1", application)
	if err = row.Scan(&logo, &digest); errors.Is(err, pgx.ErrNoRows) {
		return nil, "", nil
	}
	return logo, digest, err
}

// SaveTokenUses sets the last_used_at of application tokens, by their ids. It skips tokens that were deleted, that have
// a later use, or that another transaction has locked: a replica that saves a use of the same minute.
func (d *DB) SaveTokenUses(ctx context.Context, uses map[int64]time.Time) error {
	ids, usedAt := make([]int64, 0, len(uses)), make([]time.Time, 0, len(uses))
	for id, at := range uses {
		ids, usedAt = append(ids, id), append(usedAt, at)
	}
	_, err := d.Pool.Exec(ctx, `
WITH free AS (
	SELECT t.id, u.used_at FROM unnest($1::bigint[], $2::timestamptz[]) AS u (id, used_at) JOIN application_tokens t USING (id)
	WHERE t.last_used_at IS NULL OR t.last_used_at < u.used_at FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE application_tokens t SET last_used_at = free.used_at FROM free WHERE t.id = free.id`, ids, usedAt)
	return err
}
