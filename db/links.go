package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// LinkKind says what a mailed link is for.
type LinkKind string

// The kinds of links. The constraint of links.kind lists the same.
const (
	MagicLink        LinkKind = "magic"        // signs in
	ResetLink        LinkKind = "reset"        // sets a new password
	VerificationLink LinkKind = "verification" // verifies the e-mail address
	InvitationLink   LinkKind = "invitation"   // sets a first password

	EmailChangeLink     LinkKind = "email_change"      // gives the user the address that it was mailed to
	EmailChangeUndoLink LinkKind = "email_change_undo" // gives the user the old address back
	HandedOverLink      LinkKind = "handed_over"       // makes a session of one that was handed over; it is not mailed
)

// LinkKinds lists all kinds of links.
var LinkKinds = []LinkKind{MagicLink, ResetLink, VerificationLink, InvitationLink, EmailChangeLink, EmailChangeUndoLink, HandedOverLink}

// ErrLinkConsumed is returned when another request has consumed the link.
var ErrLinkConsumed = errors.New("the link was consumed")

// LinkByToken returns the unconsumed link with a token's digest that is of one of these kinds, whatever its age.
// It is nil if there is none.
func LinkByToken(ctx context.Context, idb bun.IDB, digest []byte, kinds ...LinkKind) (*Link, error) {
	link := &Link{}
	err := idb.NewSelect().Model(link).Where("token_digest = ? AND kind IN ?", digest, bun.Tuple(kinds)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return link, err
}

// linksSideBySide is how many links of one kind a user can have in an application.
const linksSideBySide = 3

// AddLink saves a link. If there are linksSideBySide already, it replaces the oldest, preferably one that was
// requested from an unknown address: so a stranger's request does not end the link that the user has just got. Of
// the links that undo a change of address, it replaces the newest: the first one leads to the owner's address.
// Call it where nobody else adds a link for the user at the same time.
func AddLink(ctx context.Context, idb bun.IDB, link *Link) error {
	_, err := idb.NewRaw(`
INSERT INTO links (kind, user_id, application_id, redirect_url, token_digest, created_at, known_address, email, by_admin, email_verified,
	challenge, session_created_at, session_method, slot)
SELECT ?0, ?1, ?2, ?3, ?4, ?5::timestamptz, ?6, ?9, ?10, ?11, ?12, ?13::timestamptz, ?14, s.slot FROM generate_series(0, ?7) AS s (slot)
LEFT JOIN links l ON l.user_id = ?1 AND l.kind = ?0 AND l.application_id = ?2 AND l.slot = s.slot
ORDER BY l.id IS NOT NULL, CASE WHEN ?0 = ?15 THEN l.id END DESC, l.known_address, l.created_at, s.slot LIMIT 1
ON CONFLICT ON CONSTRAINT ?8 DO UPDATE SET id = excluded.id, redirect_url = excluded.redirect_url, token_digest = excluded.token_digest,
	created_at = excluded.created_at, known_address = excluded.known_address, email = excluded.email, by_admin = excluded.by_admin,
	email_verified = excluded.email_verified, challenge = excluded.challenge, session_created_at = excluded.session_created_at,
	session_method = excluded.session_method`,
		link.Kind, link.UserID, link.ApplicationID, link.RedirectURL, link.TokenDigest, link.CreatedAt, link.KnownAddress,
		linksSideBySide-1, bun.Ident(LinksUserKindKey), link.Email, link.ByAdmin, link.EmailVerified,
		link.Challenge, bun.NullTime{Time: link.SessionCreatedAt}, link.SessionMethod, EmailChangeUndoLink).Exec(ctx)
	return err
}

// LinkRequested reports whether there is a link of the same request: one with its kind, user, application and
// time.
func LinkRequested(ctx context.Context, idb bun.IDB, link *Link) (bool, error) {
	return idb.NewSelect().Model((*Link)(nil)).Where("kind = ? AND user_id = ? AND application_id = ? AND created_at = ?",
		link.Kind, link.UserID, link.ApplicationID, link.CreatedAt).Exists(ctx)
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

// DeleteLinks deletes all links of a user, except those that undo a change of the e-mail address: whoever has
// changed it must not be able to end them.
func DeleteLinks(ctx context.Context, idb bun.IDB, userID int64) error {
	_, err := idb.NewDelete().Model((*Link)(nil)).Where("user_id = ? AND kind <> ?", userID, EmailChangeUndoLink).Exec(ctx)
	return err
}

// KeepUndoLinks deletes the links that undo a change of a user's e-mail address, except those that are younger than
// a time and were made before the link with an id.
func KeepUndoLinks(ctx context.Context, idb bun.IDB, userID int64, after time.Time, before int64) error {
	_, err := idb.NewDelete().Model((*Link)(nil)).Where("user_id = ? AND kind = ?", userID, EmailChangeUndoLink).
		Where("created_at <= ? OR id >= ?", after, before).Exec(ctx)
	return err
}

// EndInvitations deletes the invitations of a user.
func EndInvitations(ctx context.Context, idb bun.IDB, userID int64) error {
	_, err := idb.NewDelete().Model((*Link)(nil)).Where("user_id = ? AND kind = ?", userID, InvitationLink).Exec(ctx)
	return err
}
