package personal

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// Export returns everything that is stored about a user, as of one moment, and whether there is the user. It leaves
// out digests, secrets and the bodies of mails, and of other people everything but the ids.
func Export(ctx context.Context, d *db.DB, userID int64) (e gen.PersonExport, found bool, _ error) {
	moment := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	err := d.RunInTx(ctx, moment, func(ctx context.Context, tx bun.Tx) error {
		user := &db.User{ID: userID}
		var err error
		if found, err = db.Find(ctx, tx, user); err != nil || !found {
			return err
		}
		e.User = exportedUser(user)
		if err := addRecords(ctx, tx, user, &e); err != nil {
			return err
		}
		return addLists(ctx, tx, user, &e)
	})
	return e, found, err
}

func exportedUser(u *db.User) gen.ExportedUser {
	return gen.ExportedUser{
		ID: u.ID, Email: u.Email, EmailVerifiedAt: timeText(u.EmailVerifiedAt),
		FirstName: u.FirstName, LastName: u.LastName, Phone: u.Phone,
		HasPassword: u.HasPassword(), RememberMe: u.RememberMe, GoogleSubject: u.GoogleSubject, Locale: gen.Locale(u.Locale),
		Suspended: u.Suspended, CreatedAt: timeText(u.CreatedAt),
	}
}

func addRecords(ctx context.Context, tx bun.Tx, u *db.User, e *gen.PersonExport) error {
	records, err := db.RecordsOf(ctx, tx, u.ID)
	if err != nil {
		return err
	}
	if c := records.Client; c != nil {
		e.Client = gen.ExportedClient{
			ID: c.ID, CompanyID: c.CompanyID, CompanyName: c.CompanyName, CompanyConfirmed: c.CompanyConfirmed, Enterprise: c.Enterprise,
			Active: c.Active, CreatedAt: timeText(c.CreatedAt),
		}
	}
	if employee := records.Employee; employee != nil {
		e.Employee = gen.ExportedEmployee{
			ID: employee.ID, Access: gen.Access(employee.Access), Active: employee.Active, CreatedAt: timeText(employee.CreatedAt),
		}
	}
	if l := records.Liaison; l != nil {
		e.Liaison = gen.ExportedLiaison{ID: l.ID, Active: l.Active, CreatedAt: timeText(l.CreatedAt)}
	}
	return nil
}

func addLists(ctx context.Context, tx bun.Tx, u *db.User, e *gen.PersonExport) (err error) {
	var applications []db.Application
	if err := tx.NewSelect().Model(&applications).Column("id", "slug").Scan(ctx); err != nil {
		return err
	}
	slugs := make(map[int64]string, len(applications))
	for _, app := range applications {
		slugs[app.ID] = app.Slug
	}
	own := func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("user_id = ?", u.ID) }
	if e.Sessions, err = read(ctx, own(tx.NewSelect()).Order("id"), func(s *db.Session) gen.ExportedSession {
		return gen.ExportedSession{
			ID: s.ID, Application: slugs[s.ApplicationID], Method: gen.SignInMethod(s.Method), RedirectURL: s.RedirectURL, IP: s.IP,
			UserAgent: s.UserAgent, CreatedAt: timeText(s.CreatedAt), LastUsedAt: timeText(s.LastUsedAt),
		}
	}); err != nil {
		return err
	}
	if e.KnownAddresses, err = read(ctx, own(tx.NewSelect()).Order("signed_in_at"), func(a *knownAddress) gen.ExportedAddress {
		return gen.ExportedAddress{Address: a.Address, SignedInAt: timeText(a.SignedInAt)}
	}); err != nil {
		return err
	}
	if e.Links, err = read(ctx, own(tx.NewSelect()).Order("id"), func(l *db.Link) gen.ExportedLink {
		return gen.ExportedLink{
			ID: l.ID, Kind: string(l.Kind), Application: slugs[l.ApplicationID], RedirectURL: l.RedirectURL, KnownAddress: l.KnownAddress,
			Email: l.Email, ByAdmin: l.ByAdmin, EmailVerified: l.EmailVerified, CreatedAt: timeText(l.CreatedAt),
			SessionCreatedAt: timeText(l.SessionCreatedAt), SessionMethod: l.SessionMethod,
		}
	}); err != nil {
		return err
	}
	return addWhatIsKept(ctx, tx, u, e)
}

// knownAddress is a network that a user has signed in from.
type knownAddress struct {
	bun.BaseModel `bun:"table:known_addresses"`

	Address    string
	SignedInAt time.Time
}

// addWhatIsKept adds mails, audit events and notifications.
func addWhatIsKept(ctx context.Context, tx bun.Tx, u *db.User, e *gen.PersonExport) (err error) {
	// Mails from before mails had a user are those to the address.
	mails := tx.NewSelect().Column("id", "kind", "to_email", "to_name", "subject", "created_at", "sent_at", "failed_at").
		Where("user_id = ? OR user_id IS NULL AND lower(to_email) = ?", u.ID, formats.NormalizeEmail(u.Email)).Order("id")
	if e.Mails, err = read(ctx, mails, func(m *db.Mail) gen.ExportedMail {
		return gen.ExportedMail{
			ID: m.ID, Kind: m.Kind, ToEmail: m.ToEmail, ToName: m.ToName, Subject: m.Subject, CreatedAt: timeText(m.CreatedAt),
			SentAt: timeText(m.SentAt), FailedAt: timeText(m.FailedAt),
		}
	}); err != nil {
		return err
	}
	events := tx.NewSelect().Where("actor_id = ?0 OR subject_id = ?0", u.ID).Order("id")
	if e.AuditEvents, err = read(ctx, events, func(a *db.AuditEvent) gen.ExportedAuditEvent { return exportedEvent(u.ID, a) }); err != nil {
		return err
	}
	acknowledged := tx.NewSelect().Where("acknowledged_by = ?", u.ID).Order("id")
	e.Notifications, err = read(ctx, acknowledged, func(n *db.Notification) gen.ExportedNotification {
		return gen.ExportedNotification{
			ID: n.ID, Kind: n.Kind, CreatedAt: timeText(n.CreatedAt), AcknowledgedAt: timeText(n.AcknowledgedAt),
		}
	})
	return err
}

// exportedEvent leaves out the address and the device of somebody else.
func exportedEvent(userID int64, a *db.AuditEvent) gen.ExportedAuditEvent {
	event := gen.ExportedAuditEvent{
		ID: a.ID, Operation: a.Operation, Status: a.Status, ActorID: a.ActorID, ActorApplication: a.ActorApplication, Command: a.Command,
		SubjectID: a.SubjectID, Application: a.Application, RequestID: a.RequestID, Changed: a.Changed, Count: a.Count,
		CreatedAt: timeText(a.CreatedAt),
	}
	if a.ActorID == userID || a.ActorID == 0 {
		event.IP, event.UserAgent = a.IP, a.UserAgent
	}
	return event
}

// read runs a query for rows and converts each.
func read[Row, Exported any](ctx context.Context, query *bun.SelectQuery, convert func(*Row) Exported) ([]Exported, error) {
	var rows []Row
	err := query.Model(&rows).Scan(ctx)
	exported := make([]Exported, len(rows))
	for i := range rows {
		exported[i] = convert(&rows[i])
	}
	return exported, err
}

// timeText formats a time as in answers, "" for the zero time.
func timeText(t time.Time) gen.Time {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
