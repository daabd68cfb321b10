package impl

import (
	"cmp"
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/validation"
)

var employees = listing[db.Employee]{
	ofUser: true,
	search: map[string]string{"email": recordEmail, "name": recordName},
	filters: map[string]string{
		"inactive": "NOT ?TableAlias.active",
		"admin":    "?TableAlias.access = 'admin'",
	},
	sorts: map[string]sorting[db.Employee]{
		"created_at": {"?TableAlias.created_at", func(e *db.Employee) any { return e.CreatedAt }},
		"email":      {recordEmail, func(e *db.Employee) any { return emailOf(e.User) }},
	},
	sort: "created_at",
	id:   func(e *db.Employee) int64 { return e.ID },
}

// EmployeesIndex lists the employees.
func (s *Server) EmployeesIndex(ctx context.Context, req gen.EmployeesIndexRequestObject) (gen.EmployeesIndexResponseObject, error) {
	found, refusal, err := list(s, callOf(ctx), &employees, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown := views(found, req.Body.View, func(view gen.View, e *db.Employee) gen.Employee { return employeeView(view, e, e.User) })
	return gen.EmployeesIndexActionSuccessful{Data: gen.EmployeeList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// EmployeesRead returns a record of an employee.
func (s *Server) EmployeesRead(ctx context.Context, req gen.EmployeesReadRequestObject) (gen.EmployeesReadResponseObject, error) {
	c, employee := callOf(ctx), db.Employee{ID: req.Body.ID}
	found, err := db.Find(c.context(), s.DB, &employee)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return noSuch(db.RoleEmployee), nil
	}
	return gen.EmployeesReadActionSuccessful{Data: employeeView(req.Body.View, &employee, c.about)}, nil
}

// EmployeesCreate makes somebody an employee.
func (s *Server) EmployeesCreate(ctx context.Context, req gen.EmployeesCreateRequestObject) (gen.EmployeesCreateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	names := profile{firstName: p.FirstName, lastName: p.LastName}
	if wrong := names.normalize(""); len(wrong) > 0 {
		return gen.InvalidParam{Errors: validation.Sort(c.op, wrong)}, nil
	}
	user := &db.User{Email: formats.NormalizeEmail(p.Email), FirstName: p.FirstName, LastName: p.LastName, CreatedAt: c.now}
	employee := &db.Employee{Access: cmp.Or(db.Access(p.Access), db.AccessNone), Active: true, CreatedAt: c.now}
	_, mail, err := s.createRecord(c, &newRecord{
		user: user, role: db.RoleEmployee, app: c.sessionApp, mail: p.Invite == nil || *p.Invite,
		record: func(userID int64) any { employee.UserID = userID; return employee },
	})
	switch {
	case errors.Is(err, db.ErrAlreadyExists):
		return gen.EmailAlreadyEmployee{}, nil
	case errors.Is(err, errUnproven):
		return gen.EmailUnverified{}, nil
	case err != nil:
		return nil, err
	}
	data := employeeView(p.View, employee, user)
	if mail != nil && !s.deliver(c, mail) {
		return gen.EmployeesCreateMandrillEmailFailed{Data: data}, nil
	}
	return gen.EmployeesCreateActionSuccessful{Data: data}, nil
}

// EmployeesUpdate changes those fields of an employee that are passed.
func (s *Server) EmployeesUpdate(ctx context.Context, req gen.EmployeesUpdateRequestObject) (gen.EmployeesUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	employee := db.Employee{ID: p.ID}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		if err := c.lockRecord(ctx, tx, &employee); err != nil {
			return err
		}
		if p.Access != nil {
			employee.Access = db.Access(*p.Access)
		}
		if p.Active != nil {
			employee.Active = *p.Active
		}
		if !employee.Active || employee.Access != db.AccessAdmin {
			if err := keepLastAdmin(ctx, tx, employee.UserID); err != nil {
				return err
			}
		}
		return db.Update(ctx, tx, &employee, "access", "active")
	})
	switch {
	case errors.Is(err, errGone):
		return noSuch(db.RoleEmployee), nil
	case errors.Is(err, errLastAdmin):
		param := "access"
		if !employee.Active {
			param = "active"
		}
		return lastAdminError(param), nil
	case err != nil:
		return nil, err
	}
	return gen.EmployeesUpdateActionSuccessful{Data: employeeView(p.View, &employee, c.about)}, nil
}
