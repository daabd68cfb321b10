package impl

import (
	"slices"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// permit is step 9: who may call an operation, and which persons an administrative one may act on. No operation decides
// that by itself.
func (s *Server) permit(c *call) (gen.Outcome, error) {
	if !c.hasRole() || !c.inApplication() || !c.hasAccess() {
		return gen.PermissionDenied{}, nil
	}
	if c.op.Subject.Param == "" {
		return nil, nil
	}
	return s.findSubject(c)
}

func (c *call) hasRole() bool {
	if len(c.op.Roles) == 0 {
		return true
	}
	for _, role := range c.session.User.Records.Roles(c.sessionApp.Admits) {
		if slices.Contains(c.op.Roles, role) {
			return true
		}
	}
	return false
}

// inApplication reports whether the operation accepts the session. Some operations accept only sessions of one
// application: a product must not reach an employee's account with the sessions that it has.
func (c *call) inApplication() bool {
	only := &c.op.Application
	switch {
	case only.Slug == "" || c.sessionApp.Slug == only.Slug:
		return true
	case only.For != "" && !c.session.User.Records.Has(db.Role(only.For)):
		return true
	}
	return only.Param != "" && !passed(c.params, only.Param)
}

// hasAccess reports whether the employee has the access that the operation needs.
func (c *call) hasAccess() bool {
	return c.op.Access == "" || c.session.User.Access.Includes(db.Access(c.op.Access))
}

// findSubject finds the person that an administrative operation is about. It refuses to act on the caller, and
// lets only administrators act on a person who has access.
func (s *Server) findSubject(c *call) (gen.Outcome, error) {
	subject := &c.op.Subject
	user, err := s.namedUser(c)
	if err != nil {
		return nil, err
	}
	c.concerns(user)
	c.about = user
	wrong := func(rule gen.ParamErrorRule, message string) gen.InvalidParam {
		return gen.InvalidParam{Errors: []gen.ParamError{paramError(subject.Param, rule, message)}}
	}
	switch {
	case user == nil && subject.Kind != "email":
		return wrong(gen.Exists, "there is no such "+subject.Kind), nil
	case user == nil || !subject.Acts:
		return nil, nil
	case user.ID == c.session.UserID && !subject.Oneself:
		return wrong(gen.Allowed, "is your own: another administrator has to do this"), nil
	case user.ID != c.session.UserID && user.Access != db.AccessNone && !c.session.User.Access.Includes(db.AccessAdmin):
		return gen.PermissionDenied{}, nil
	}
	return nil, nil
}

// namedUser returns the user that the subject's param names, nil if there is none.
func (s *Server) namedUser(c *call) (*db.User, error) {
	value := param(c.params, c.op.Subject.Param)
	if c.op.Subject.Kind == "email" {
		email, _ := value.(string)
		return s.DB.UserByEmail(c.context(), formats.NormalizeEmail(email))
	}
	id, _ := value.(int64)
	if c.op.Subject.Kind == "person" {
		return s.DB.UserByID(c.context(), id)
	}
	return s.DB.UserByRecord(c.context(), db.Role(c.op.Subject.Kind), id)
}
