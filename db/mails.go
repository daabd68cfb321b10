package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// MailClaim is how long a claim on a mail holds without being renewed.
const MailClaim = 15 * time.Second

// claimEnd is the end of a claim that begins now. The database's clock decides, since the clocks of replicas
// differ.
const claimEnd = "now() + ? * interval '1 microsecond'"

// InsertMail queues a mail. One that has a Claim is claimed from now on; ClaimedUntil is set.
func InsertMail(ctx context.Context, idb bun.IDB, m *Mail) error {
	insert := idb.NewInsert().Model(m).Returning("id")
	if m.Claim != "" {
		insert.Value("claimed_until", claimEnd, MailClaim.Microseconds()).Returning("claimed_until")
	}
	_, err := insert.Exec(ctx)
	return err
}

// ClaimMail reads a queued mail by its ID and claims it for an attempt, unless another attempt has claimed
// it. The claim abandoned, once it has run out, does not count. m.Claim is "" if the mail is not queued, and
// that of another attempt if the mail was not claimed.
func (d *DB) ClaimMail(ctx context.Context, m *Mail, claim, abandoned string) error {
	columns := []string{"kind", "to_email", "to_name", "subject", "text_body", "html_body", "created_at", "claim", "claimed_until"}
	update := d.NewUpdate().Model(m).WherePK().Where("sent_at IS NULL AND failed_at IS NULL").
		Where("claim IS NULL OR claim = ? AND claimed_until < now()", abandoned).
		Set("claim = ?", claim).Set("claimed_until = "+claimEnd, MailClaim.Microseconds())
	for _, column := range columns {
		update.Returning("?", bun.Ident(column))
	}
	claimed, err := ChangedOne(update.Exec(ctx))
	if claimed || err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	err = d.NewSelect().Model(m).Column("claim").WherePK().Where("sent_at IS NULL AND failed_at IS NULL").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		m.Claim, err = "", nil
	}
	return err
}

// RenewMailClaim makes the claim of a mail hold for another MailClaim.
func (d *DB) RenewMailClaim(ctx context.Context, id int64, claim string) error {
	_, err := d.NewUpdate().Model((*Mail)(nil)).Set("claimed_until = "+claimEnd, MailClaim.Microseconds()).
		Where("id = ? AND claim = ?", id, claim).Exec(ctx)
	return err
}

// ReleaseMail ends the claim of an attempt that has failed.
func (d *DB) ReleaseMail(ctx context.Context, id int64, claim string) error {
	_, err := d.NewUpdate().Model((*Mail)(nil)).Set("claim = NULL").Set("claimed_until = NULL").
		Where("id = ? AND claim = ?", id, claim).Exec(ctx)
	return err
}

// FinishMail saves that a mail was sent or given up. It deletes the bodies, since a link may be stored only
// while its mail waits to be sent.
func (d *DB) FinishMail(ctx context.Context, m *Mail) error {
	m.TextBody, m.HTMLBody, m.Claim, m.ClaimedUntil = "", "", "", time.Time{}
	return Update(ctx, d, m, "sent_at", "failed_at", "text_body", "html_body", "claim", "claimed_until")
}
