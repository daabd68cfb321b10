package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

// GoogleStateByDigest returns a started sign-in with Google. It is nil if there is none.
func GoogleStateByDigest(ctx context.Context, idb bun.IDB, digest []byte) (*GoogleState, error) {
	state := &GoogleState{}
	err := idb.NewSelect().Model(state).Where("state_digest = ?", digest).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return state, err
}

// ConsumeGoogleState deletes a started sign-in with Google and returns it, so that it works once. It is nil
// if there is none with this challenge: somebody who has only the state cannot consume it.
func ConsumeGoogleState(ctx context.Context, idb bun.IDB, digest []byte, challenge string) (*GoogleState, error) {
	state := &GoogleState{}
	consumed, err := ChangedOne(idb.NewDelete().Model(state).Where("state_digest = ? AND challenge = ?", digest, challenge).
		Returning("nonce, application_id, redirect_url, created_at").Exec(ctx))
	if err != nil || !consumed {
		return nil, err
	}
	return state, nil
}
