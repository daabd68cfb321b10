package impl

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/validation"
)

// registration is what a person states to become a client, by clients/register or users/client_register.
type registration struct {
	profile
	application, redirectURL string
	email, password          string // password is "" when none is to be set
	companyID                int64
	companyName              string
	enterprise               bool
}

// profile is a person's names and phone number.
type profile struct{ firstName, lastName, phone string }

// client returns the record that the registration makes.
func (r *registration) client(now time.Time) *db.Client {
	return &db.Client{
		CompanyID: r.companyID, CompanyName: r.companyName, Active: true, CreatedAt: now,
		Enterprise: r.enterprise && r.companyID == 0,
	}
}

// registrationRefusal is an outcome that both operations list.
type registrationRefusal interface {
	gen.ClientsRegisterResponseObject
	gen.UsersClientRegisterResponseObject
}

// validateRegistration refuses a registration with wrong params, those in wrong included, or one that breaks
// a rule of the model. Otherwise it normalizes the phone number and hashes the password.
func (s *Server) validateRegistration(c *call, r *registration, wrong []gen.ParamError) (
	app *db.Application, hash string, _ registrationRefusal, _ error,
) {
	app, found, broken, err := s.checkRegistration(c, r)
	if err != nil {
		return nil, "", nil, err
	}
	if wrong = append(wrong, found...); len(wrong) > 0 {
		return nil, "", gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	words := password.OwnWords(r.email, r.firstName, r.lastName, r.companyName, r.application, "planoauth")
	hash, broken, err = s.acceptPassword(c, "client.password", r.password, words, broken)
	switch {
	case errors.Is(err, password.ErrBusy):
		return nil, "", s.busy(c), nil
	case err != nil:
		return nil, "", nil, err
	case len(broken) > 0:
		return nil, "", gen.ClientValidationFailed{Errors: validation.Sort(c.op, broken)}, nil
	}
	return app, hash, nil, nil
}

// checkRegistration returns the params that are wrong, and the rules of the model that the others break. It
// normalizes the phone number.
func (s *Server) checkRegistration(c *call, r *registration) (app *db.Application, wrong, broken []gen.ParamError, _ error) {
	app, wrong = c.application(r.application, r.redirectURL)
	if app != nil && !slices.Contains(app.Admits, db.RoleClient) {
		wrong = append(wrong, paramError("application", gen.Allowed, "does not admit clients"))
	}
	unknown, broken, err := s.checkCompany(c.context(), "client.company_id", r.companyID)
	return app, append(wrong, unknown...), append(broken, r.normalize("client.")...), err
}

// normalize checks names and phone number, params with this prefix, and puts the number into E.164.
func (p *profile) normalize(prefix string) (broken []gen.ParamError) {
	if p.phone != "" {
		var possible bool
		if p.phone, possible = formats.NormalizePhone(p.phone); !possible {
			broken = append(broken, paramError(prefix+"phone", gen.Possible, "is not a phone number that can exist"))
		}
	}
	if formats.ContainsURL(p.firstName) {
		broken = append(broken, paramError(prefix+"first_name", gen.NoURL, "must not contain a URL"))
	}
	if formats.ContainsURL(p.lastName) {
		broken = append(broken, paramError(prefix+"last_name", gen.NoURL, "must not contain a URL"))
	}
	return broken
}

// apply changes a user. Without a phone number, the user keeps theirs.
func (p *profile) apply(user *db.User) {
	user.FirstName, user.LastName = p.firstName, p.lastName
	if p.phone != "" {
		user.Phone = p.phone
	}
}

// profileChange holds the new values of a profile: nil changes nothing, and an empty phone number removes it.
type profileChange struct{ firstName, lastName, phone *string }

// normalize does the same as profile.normalize.
func (p *profileChange) normalize() (broken []gen.ParamError) {
	text := func(t *string) string {
		if t == nil {
			return ""
		}
		return *t
	}
	all := profile{text(p.firstName), text(p.lastName), text(p.phone)}
	broken = all.normalize("")
	if p.phone != nil {
		p.phone = &all.phone
	}
	return broken
}

// apply changes a user, and returns the columns that it has set.
func (p *profileChange) apply(user *db.User) (columns []string) {
	set := func(column string, field, value *string) {
		if value != nil {
			*field, columns = *value, append(columns, column)
		}
	}
	set("first_name", &user.FirstName, p.firstName)
	set("last_name", &user.LastName, p.lastName)
	set("phone", &user.Phone, p.phone)
	return columns
}

var noCompany = unknownCompany("client.company_id")

func unknownCompany(param string) []gen.ParamError {
	return []gen.ParamError{paramError(param, gen.Exists, "there is no such company")}
}

// checkCompany looks up the company that a param names, 0 being none. An unknown one is a wrong param, an inactive
// one breaks a rule of the model.
func (s *Server) checkCompany(ctx context.Context, param string, id int64) (wrong, broken []gen.ParamError, err error) {
	if id == 0 {
		return nil, nil, nil
	}
	var active []bool
	err = s.DB.NewSelect().Table("companies").Column("active").Where("id = ?", id).Scan(ctx, &active)
	switch {
	case err != nil:
		return nil, nil, err
	case len(active) == 0:
		return unknownCompany(param), nil, nil
	case !active[0]:
		return nil, []gen.ParamError{paramError(param, gen.Active, "is not an active company")}, nil
	}
	return nil, nil, nil
}
