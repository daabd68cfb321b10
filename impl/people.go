package impl

import (
	"cmp"
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/sessioncache"
	"github.com/planoauth/planoauth/impl/validation"
)

var people = listing[db.User]{
	search: map[string]string{
		"email": `lower(?TableAlias.email COLLATE "C")`,
		"name":  "search_text(?TableAlias.first_name || ' ' || ?TableAlias.last_name)",
		"phone": "?TableAlias.phone",
	},
	filters: map[string]string{
		"unverified":    "?TableAlias.email_verified_at IS NULL",
		"no_password":   "?TableAlias.password_hash IS NULL",
		"google_linked": "?TableAlias.google_subject IS NOT NULL",
		"recordless":    "?TableAlias.recordless",
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

// FindPeople returns the users that people/index finds by a term, all for "": at most limit, the newest first, with
// their records.
func FindPeople(ctx context.Context, d *db.DB, term string, limit int64) ([]db.User, error) {
	var found []db.User
	query := d.NewSelect().Model(&found).OrderExpr("created_at DESC, id DESC").Limit(limit)
	if _, err := people.narrow(ctx, d, query, listParams{term: term}, false); err != nil {
		return nil, err
	}
	if err := query.Scan(ctx); err != nil {
		return nil, err
	}
	return found, db.ReadRecords(ctx, d, found)
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

var noPerson = []gen.ParamError{paramError("id", gen.Exists, "there is no such person")}

// aboutPerson is change for the person that the call is about. It locks them first, and returns errGone if they were
// deleted since they were read.
func (s *Server) aboutPerson(c *call, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if err := c.lockAbout(ctx, tx); err != nil {
			return err
		}
		return do(ctx, tx)
	})
}

// errLastAdmin means that nobody would be left who could make another administrator.
var errLastAdmin = errors.New("the user is the last active administrator")

// keepLastAdmin returns errLastAdmin if the user is the last active administrator. Lock the user first.
func keepLastAdmin(ctx context.Context, tx bun.Tx, userID int64) error {
	last, err := db.LastAdmin(ctx, tx, userID)
	if err == nil && last {
		return errLastAdmin
	}
	return err
}

// lastAdminError refuses a param that would remove the last administrator.
func lastAdminError(param string) gen.InvalidParam {
	return gen.InvalidParam{Errors: []gen.ParamError{paramError(param, gen.Allowed, "must leave an active administrator")}}
}

var ownSuspension = []gen.ParamError{paramError("suspended", gen.Allowed, "is your own: another administrator has to do this")}

// PeopleUpdate changes those fields of a user that are passed. Suspending a user ends their sessions.
func (s *Server) PeopleUpdate(ctx context.Context, req gen.PeopleUpdateRequestObject) (gen.PeopleUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	suspends := p.Suspended != nil && *p.Suspended
	changed := profileChange{p.FirstName, p.LastName, p.Phone}
	wrong := changed.normalize()
	if suspends && c.about.ID == c.session.UserID {
		wrong = append(wrong, ownSuspension...)
	}
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	user := c.about
	columns := changed.apply(user)
	if p.Suspended != nil {
		user.Suspended, columns = *p.Suspended, append(columns, "suspended")
	}
	err := s.aboutPerson(c, func(ctx context.Context, tx bun.Tx) error { return savePerson(ctx, tx, user, columns, suspends) })
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noPerson}, nil
	case errors.Is(err, errLastAdmin):
		return lastAdminError("suspended"), nil
	case err != nil:
		return nil, err
	}
	shown, err := s.person(c, p.View, user)
	if err != nil {
		return nil, err
	}
	return gen.PeopleUpdateActionSuccessful{Data: shown}, nil
}

// savePerson saves these columns of a locked user, and ends the sessions of one who is suspended.
func savePerson(ctx context.Context, tx bun.Tx, user *db.User, columns []string, suspends bool) error {
	if len(columns) == 0 {
		return nil
	}
	if !suspends {
		return db.Update(ctx, tx, user, columns...)
	}
	if err := keepLastAdmin(ctx, tx, user.ID); err != nil {
		return err
	}
	if err := db.Update(ctx, tx, user, columns...); err != nil {
		return err
	}
	return db.EndSessions(ctx, tx, user.ID, 0)
}

// PeopleSessionsIndex lists the live sessions of a user in all applications.
func (s *Server) PeopleSessionsIndex(ctx context.Context, req gen.PeopleSessionsIndexRequestObject) (
	gen.PeopleSessionsIndexResponseObject, error,
) {
	c := callOf(ctx)
	data, refusal, err := s.listSessions(c, c.about, req.Body.View)
	if refusal != nil || err != nil {
		return refusal, err
	}
	return gen.PeopleSessionsIndexActionSuccessful{Data: data}, nil
}

var noSessionOfPerson = []gen.ParamError{paramError("session_id", gen.Exists, "the person has no such session")}

// PeopleSessionsDelete ends one live session of a user, or all.
func (s *Server) PeopleSessionsDelete(ctx context.Context, req gen.PeopleSessionsDeleteRequestObject) (
	gen.PeopleSessionsDeleteResponseObject, error,
) {
	c, one := callOf(ctx), req.Body.SessionID
	var ended int64
	err := s.aboutPerson(c, func(ctx context.Context, tx bun.Tx) error {
		query := tx.NewDelete().Model((*db.Session)(nil)).Where("user_id = ?", c.about.ID).
			ApplyQueryBuilder(c.live(c.about, sessioncache.TouchInterval))
		if one != 0 {
			query.Where("id = ?", one)
		} else {
			query.With("handed_over", db.DeleteHandedOver(tx, c.about.ID))
		}
		done, err := query.Exec(ctx)
		if err != nil {
			return err
		}
		if ended, err = done.RowsAffected(); err == nil && one != 0 && ended == 0 {
			return errNoSession
		}
		return err
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noPerson}, nil
	case errors.Is(err, errNoSession):
		return gen.InvalidParam{Errors: noSessionOfPerson}, nil
	case err != nil:
		return nil, err
	}
	return gen.PeopleSessionsDeleteActionSuccessful{Data: gen.DeletedSessions{Count: ended}}, nil
}

// errNoSession means that the person has no such session.
var errNoSession = errors.New("there is no such session")

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

// inviteTo returns the application of a new invitation: planoauth for employees and liaisons, for others the one that
// they used last.
func (c *call) inviteTo(ctx context.Context, tx bun.Tx) (*db.Application, error) {
	if c.about.Records.Has(db.RoleEmployee) || c.about.Records.Has(db.RoleLiaison) {
		return c.sessionApp, nil
	}
	id, err := db.LastApplication(ctx, tx, c.about.ID)
	return cmp.Or(c.registry.appsByID[id], c.sessionApp), err
}

// person returns what the view shows of a user whose records were read.
func (s *Server) person(c *call, view gen.View, u *db.User) (gen.Person, error) {
	shown := PersonView(view, u)
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

// PersonView returns what the views minimal and default show of a user whose records were read.
func PersonView(view gen.View, u *db.User) gen.Person {
	shown := gen.Person{ID: u.ID, Email: u.Email, EmailVerified: new(!u.EmailVerifiedAt.IsZero())}
	if view == gen.Minimal {
		return shown
	}
	shown.FirstName, shown.LastName, shown.Phone = u.FirstName, u.LastName, u.Phone
	shown.HasPassword, shown.Records, shown.Suspended = new(u.HasPassword()), u.Records.Kinds(), &u.Suspended
	shown.CreatedAt = timeText(u.CreatedAt)
	return shown
}
