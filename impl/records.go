package impl

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
)

// newRecord is a record that an employee makes for somebody.
type newRecord struct {
	user   *db.User               // as it is created if no user has the address
	record func(userID int64) any // the model, once the user is known
	role   db.Role
	app    *db.Application // that the person is invited to
	mail   bool            // whether the person gets an invitation or a notice
}

// errUnproven means that somebody can sign in as the user who never verified the address.
var errUnproven = errors.New("the address is not verified")

// createRecord saves a record for the user who has the address, or else for a new user, and returns the mail to
// deliver, nil for none. It returns db.ErrAlreadyExists if the user has such a record, and errUnproven. New.user
// becomes the user who has the record.
func (s *Server) createRecord(c *call, n *newRecord) (isNew bool, mail *db.Mail, _ error) {
	err := s.changeAs(c, func(ctx context.Context, tx bun.Tx) (slug string, err error) {
		if isNew, err = db.InsertOrLockUser(ctx, tx, n.user); err != nil {
			return "", err
		}
		c.concerns(n.user)
		c.changed = append(c.changed, n.user.ID)
		if err := db.InsertNew(ctx, tx, n.record(n.user.ID)); err != nil {
			return "", err
		}
		slug = gen.EmployeesCreateActionSuccessful{}.Slug()
		if !isNew && n.role == db.RoleClient {
			slug = gen.ClientCreatedForExistingEmail{}.Slug()
		}
		switch {
		case !isNew && n.user.Unproven():
			return "", errUnproven
		case !n.mail:
		case isNew:
			mail, err = s.mailInvitation(ctx, tx, c, n.user, n.app, n.role == db.RoleEmployee)
		default:
			mail, err = s.mailNewRecord(ctx, tx, c, n)
		}
		return slug, err
	})
	return isNew, mail, err
}

// mailNewRecord queues the mail that tells an existing user of a new record.
func (s *Server) mailNewRecord(ctx context.Context, tx bun.Tx, c *call, n *newRecord) (*db.Mail, error) {
	facts := c.mailFacts("")
	facts.Role = n.role
	mail, err := s.mails.Write(mailer.NewRecord, n.user, n.app, facts)
	if err != nil {
		return nil, err
	}
	return mail, s.queueMail(ctx, tx, mail, s.Settings.MailPause)
}

// mailInvitation creates an invitation and queues its mail.
func (s *Server) mailInvitation(
	ctx context.Context, tx bun.Tx, c *call, user *db.User, app *db.Application, employee bool,
) (*db.Mail, error) {
	address, err := s.newLink(ctx, tx, &db.Link{Kind: db.InvitationLink, UserID: user.ID, ApplicationID: app.ID, CreatedAt: c.now})
	if err != nil {
		return nil, err
	}
	facts := c.mailFacts(address)
	facts.Lifetime = linkLifetimes[db.InvitationLink]
	if employee {
		facts.Lifetime = aDay
	}
	mail, err := s.mails.Write(mailer.Invitation, user, app, facts)
	if err != nil {
		return nil, err
	}
	return mail, s.queueMail(ctx, tx, mail, s.Settings.MailPause)
}

// lockRecord locks the user that the call is about, and then reads and locks a record of theirs by its id. It
// returns errGone if either was deleted.
func (c *call) lockRecord(ctx context.Context, tx bun.Tx, record any) error {
	if err := c.lockAbout(ctx, tx); err != nil {
		return err
	}
	found, err := db.FindForUpdate(ctx, tx, record)
	if err == nil && !found {
		return errGone
	}
	return err
}

// noSuch refuses an id that no record of this kind has.
func noSuch(kind db.Role) gen.InvalidParam {
	return gen.InvalidParam{Errors: []gen.ParamError{paramError("id", gen.Exists, "there is no such "+string(kind))}}
}

// The parts of a listing that the records of all kinds share.
const (
	recordEmail = `lower("user".email COLLATE "C")`
	recordName  = `search_text("user".first_name || ' ' || "user".last_name)`
)

// emailOf returns the address by which records are sorted. A row that was not read has no user.
func emailOf(user *db.User) any {
	if user == nil {
		return ""
	}
	return user.Email
}
