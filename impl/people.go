package impl

import (
	"cmp"
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var people = listing[db.User]{
	search: map[string]string{
		"email": `lower(?TableAlias.email COLLATE "C")`,
		"name":  "lower(?TableAlias.first_name || ' ' || ?TableAlias.last_name)",
		"phone": "?TableAlias.phone",
	},
	filters: map[string]string{
		"unverified":    "?TableAlias.email_verified_at IS NULL",
		"no_password":   "?TableAlias.password_hash IS NULL",
		"google_linked": "?TableAlias.google_subject IS NOT NULL",
		"recordless": `NOT EXISTS (SELECT FROM clients r WHERE r.user_id = ?TableAlias.id)
			AND NOT EXISTS (SELECT FROM employees r WHERE r.user_id = ?TableAlias.id)
			AND NOT EXISTS (SELECT FROM liaisons r WHERE r.user_id = ?TableAlias.id)`,
	},
	sorts: map[string]sorting[db.User]{
		"created_at": {"?TableAlias.created_at", func(u *db.User) any { return u.CreatedAt }},
		"email":      {`lower(?TableAlias.email COLLATE "C")`, func(u *db.User) any { return u.Email }},
	},
	sort: "created_at",
	id:   func(u *db.User) int64 { return u.ID },
}

// PeopleIndex lists all users.
func (s *Server) PeopleIndex(ctx context.Context, req gen.PeopleIndexRequestObject) (gen.PeopleIndexResponseObject, error) {
	c := callOf(ctx)
	found, refusal, err := list(s, c, &people, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	if err := db.ReadRecords(c.context(), s.DB, found.rows); err != nil {
		return nil, err
	}
	data := gen.PersonList{Results: []gen.Person{}, Next: found.next, Count: found.count, CountEstimated: found.estimated}
	for i := range found.rows {
		shown, err := s.person(c, req.Body.View, &found.rows[i])
		if err != nil {
			return nil, err
		}
		data.Results = append(data.Results, shown)
	}
	return gen.PeopleIndexActionSuccessful{Data: data}, nil
}

// PeopleRead returns a user.
func (s *Server) PeopleRead(ctx context.Context, req gen.PeopleReadRequestObject) (gen.PeopleReadResponseObject, error) {
	c := callOf(ctx)
	shown, err := s.person(c, req.Body.View, c.about)
	if err != nil {
		return nil, err
	}
	return gen.PeopleReadActionSuccessful{Data: shown}, nil
}

// PeopleInvite mails a new invitation. Earlier ones end.
func (s *Server) PeopleInvite(ctx context.Context, _ gen.PeopleInviteRequestObject) (gen.PeopleInviteResponseObject, error) {
	c := callOf(ctx)
	var mail *db.Mail
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		_, err := c.lockUser(ctx, tx, c.about.ID)
		if err != nil {
			return err
		}
		app, err := c.inviteTo(ctx, tx)
		if err != nil {
			return err
		}
		if err := db.EndInvitations(ctx, tx, c.about.ID); err != nil {
			return err
		}
		mail, err = s.mailInvitation(ctx, tx, c, c.about, app, c.about.Records.Has(db.RoleEmployee))
		return err
	})
	switch {
	case errors.Is(err, db.ErrPreconditionFailed):
		return gen.InvalidParam{Errors: []gen.ParamError{paramError("id", gen.Exists, "there is no such person")}}, nil
	case err != nil:
		return nil, err
	case !s.deliver(c, mail):
		return gen.PeopleInviteMandrillEmailFailed{}, nil
	}
	return gen.PeopleInviteActionSuccessful{}, nil
}

// inviteTo returns the application of a new invitation: for employees and liaisons planoauth, for others the one
// that they had to do with last.
func (c *call) inviteTo(ctx context.Context, tx bun.Tx) (*db.Application, error) {
	if c.about.Records.Has(db.RoleEmployee) || c.about.Records.Has(db.RoleLiaison) {
		return c.sessionApp, nil
	}
	id, err := db.LastApplication(ctx, tx, c.about.ID)
	return cmp.Or(c.registry.appsByID[id], c.sessionApp), err
}

// person returns what the view shows of a user whose records were read.
func (s *Server) person(c *call, view gen.View, u *db.User) (gen.Person, error) {
	shown := gen.Person{ID: u.ID, Email: u.Email, EmailVerified: new(!u.EmailVerifiedAt.IsZero())}
	if view == gen.Minimal {
		return shown, nil
	}
	shown.FirstName, shown.LastName, shown.Phone = u.FirstName, u.LastName, u.Phone
	shown.HasPassword, shown.Records, shown.Suspended = new(u.HasPassword()), u.Records.Kinds(), &u.Suspended
	shown.CreatedAt = timeText(u.CreatedAt)
	if view != gen.Full {
		return shown, nil
	}
	shown.RememberMe, shown.GoogleLinked = &u.RememberMe, new(u.GoogleSubject != "")
	records, err := db.RecordsOf(c.context(), s.DB, u.ID)
	if err != nil {
		return shown, err
	}
	if records.Client != nil {
		shown.Client = clientView(gen.Default, records.Client, u)
	}
	if records.Employee != nil {
		shown.Employee = employeeView(gen.Default, records.Employee, u)
	}
	if records.Liaison != nil {
		shown.Liaison = liaisonView(gen.Default, records.Liaison, u)
	}
	live := s.DB.NewSelect().Model((*db.Session)(nil)).Where("user_id = ?", u.ID).ApplyQueryBuilder(c.live(u, 0))
	n, err := live.Count(c.context())
	if err != nil {
		return shown, err
	}
	shown.Sessions = new(int64(n))
	last, err := db.LastSignIn(c.context(), s.DB, u.ID)
	shown.LastSignInAt = timeText(last)
	return shown, err
}
