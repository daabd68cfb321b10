package admin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
)

// NewEmployee are the arguments of `employee add`.
type NewEmployee struct {
	Email     string     `arg:"" help:"The e-mail address."`
	FirstName string     `placeholder:"NAME" help:"First name, if the user is new."`
	LastName  string     `placeholder:"NAME" help:"Last name, if the user is new."`
	Access    *db.Access `enum:"none,viewer,support,admin" help:"Their access: none, viewer, support or admin. By default none, if new."`
	Unproven  bool       `help:"Accept a registered user whose e-mail address is not verified."`
}

func (n *NewEmployee) check() error {
	return cmp.Or(
		checkText("EMAIL", email, n.Email),
		checkName("--first-name", n.FirstName),
		checkName("--last-name", n.LastName))
}

// AddedEmployee is the result of AddEmployee, with the address in lower case. NewUser, NewRecord, Reactivated and
// NewAccess say what it changed; all are false for somebody who was such an employee already.
type AddedEmployee struct {
	Email                                      string
	NewUser, NewRecord, Reactivated, NewAccess bool
	Access                                     db.Access
	HasPassword                                bool
}

var errUnverified = errors.New("the address is not verified, so whoever registered it may not own it: " +
	"let them open a mailed link first, or pass --unproven")

// AddEmployee makes the user with this address an active employee, or changes the access of one. If there is no
// such user, it creates one without a password. It does not protect the last admin.
func AddEmployee(ctx context.Context, d *db.DB, n NewEmployee, now time.Time) (added AddedEmployee, _ error) {
	n.Email = formats.NormalizeEmail(n.Email)
	if err := n.check(); err != nil {
		return added, err
	}
	user := &db.User{Email: n.Email, FirstName: n.FirstName, LastName: n.LastName, CreatedAt: now}
	added.Email = user.Email
	err := d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if added.NewUser, err = db.InsertOrLockUser(ctx, tx, user); err != nil {
			return err
		}
		more, err := added.save(ctx, tx, user, n.Access, now)
		switch {
		case err != nil:
			return err
		case more && user.Unproven() && !n.Unproven:
			return errUnverified
		case !added.NewRecord && !added.Reactivated && !added.NewAccess:
			return nil
		}
		return record(ctx, tx, now, db.AuditEvent{Operation: "employee add", SubjectID: user.ID, Changed: n.passed()})
	})
	added.HasPassword = user.HasPassword()
	return added, err
}

// save inserts the user's employee record, or activates the existing one, and sets its access if that is not nil.
// It reports whether the user may do more than before.
func (a *AddedEmployee) save(ctx context.Context, tx bun.Tx, user *db.User, access *db.Access, now time.Time) (more bool, _ error) {
	employee := &db.Employee{UserID: user.ID, Active: true, Access: db.AccessNone, CreatedAt: now}
	if access != nil {
		employee.Access = *access
	}
	a.Access = employee.Access
	err := db.InsertNew(ctx, tx, employee)
	if !errors.Is(err, db.ErrAlreadyExists) {
		a.NewRecord = err == nil
		return true, err
	}
	if err := tx.NewSelect().Model(employee).Where("user_id = ?", user.ID).For("UPDATE").Scan(ctx); err != nil {
		return false, err
	}
	before := employee.Access
	a.Reactivated, employee.Active = !employee.Active, true
	if access != nil {
		a.NewAccess, employee.Access = employee.Access != *access, *access
	}
	a.Access = employee.Access
	if !a.Reactivated && !a.NewAccess {
		return false, nil
	}
	return a.Reactivated || !before.Includes(employee.Access), db.Update(ctx, tx, employee, "active", "access")
}

// passed returns the arguments that were passed, by the names of the params of employees/create.
func (n *NewEmployee) passed() []string {
	passed := []string{"email"}
	for _, argument := range []struct {
		name  string
		given bool
	}{{"first_name", n.FirstName != ""}, {"last_name", n.LastName != ""}, {"access", n.Access != nil}} {
		if argument.given {
			passed = append(passed, argument.name)
		}
	}
	return passed
}

// EmployeeChange are the flags of `employee set`. A nil field was not passed and changes nothing.
type EmployeeChange struct {
	Active   *bool      `negatable:"" help:"Whether they may sign in as an employee."`
	Access   *db.Access `enum:"none,viewer,support,admin" help:"Their access to administration: none, viewer, support or admin."`
	Unproven bool       `help:"Allow more to a registered user whose e-mail address is not verified."`
}

// SetEmployee changes those fields of an employee that were passed. It does not protect the last administrator.
func SetEmployee(ctx context.Context, d *db.DB, address string, c EmployeeChange, now time.Time) error {
	if c.Active == nil && c.Access == nil {
		return errNothing
	}
	do := func(ctx context.Context, tx bun.Tx, user *db.User) (changed []string, _ error) {
		var employee db.Employee
		if err := lockRecord(ctx, tx, &employee, user, db.RoleEmployee); err != nil {
			return nil, err
		}
		more := false
		if c.Active != nil {
			more = *c.Active && !employee.Active
			changed, employee.Active = append(changed, "active"), *c.Active
		}
		if c.Access != nil {
			more = more || !employee.Access.Includes(*c.Access)
			changed, employee.Access = append(changed, "access"), *c.Access
		}
		if more && user.Unproven() && !c.Unproven {
			return nil, errUnverified
		}
		return changed, db.Update(ctx, tx, &employee, changed...)
	}
	_, err := changePerson(ctx, d, "employee set", address, now, do)
	return err
}
