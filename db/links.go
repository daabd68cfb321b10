package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

// LinkKind says what a mailed link is for.
type LinkKind string

// The kinds of links. The constraint of links.kind lists the same.
const (
	MagicLink        LinkKind = "magic"        // signs in
	ResetLink        LinkKind = "reset"        // sets a new password
	VerificationLink LinkKind = "verification" // verifies the e-mail address
)

// LinkKinds lists all kinds of links.
var LinkKinds = []LinkKind{MagicLink, ResetLink, VerificationLink}

// ErrLinkConsumed is returned when another request has consumed the link.
var ErrLinkConsumed = errors.New("the link was consumed")

// ErrSuperseded is returned when the user has a link of the same kind that was requested at the same time, by
// the same job. Which of two times is later says nothing, since clocks are set back.
var ErrSuperseded = errors.New("there is this link already")

// LinkByToken returns the unconsumed link of a kind with a token's digest, whatever its age. It is nil if
// there is none.
func LinkByToken(ctx context.Context, idb bun.IDB, kind LinkKind, digest []byte) (*Link, error) {
	link := &Link{}
	err := idb.NewSelect().Model(link).Where("token_digest = ? AND kind = ?", digest, kind).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return link, err
}

// ReplaceLink saves a link in place of another one of the same user and kind. It returns ErrSuperseded, and
// saves nothing, if the other one is of the same time.
func ReplaceLink(ctx context.Context, idb bun.IDB, link *Link) error {
	saved, err := ChangedOne(idb.NewInsert().Model(link).On("CONFLICT ON CONSTRAINT ? DO UPDATE", bun.Ident(LinksUserKindKey)).
		Set("application_id = EXCLUDED.application_id, redirect_url = EXCLUDED.redirect_url").
		Set("token_digest = EXCLUDED.token_digest, created_at = EXCLUDED.created_at").
		Where("link.created_at <> EXCLUDED.created_at").Returning("id").Exec(ctx))
	if err == nil && !saved {
		return ErrSuperseded
	}
	return err
}

// ConsumeLink deletes a link, so that it works once. It returns ErrLinkConsumed if another request was
// faster.
func ConsumeLink(ctx context.Context, idb bun.IDB, link *Link) error {
	consumed, err := ChangedOne(idb.NewDelete().Model(link).Where("token_digest = ?", link.TokenDigest).Exec(ctx))
	if err == nil && !consumed {
		return ErrLinkConsumed
	}
	return err
}

// DeleteLinks deletes all links of a user.
func DeleteLinks(ctx context.Context, idb bun.IDB, userID int64) error {
	_, err := idb.NewDelete().Model((*Link)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}
