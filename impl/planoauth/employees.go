package main

import (
	"context"
	"fmt"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

type employee struct {
	Add employeeAdd `cmd:"" help:"Make somebody an employee, or set their access. Create the user if there is none."`
	Set employeeSet `cmd:"" help:"Change the settings of an employee that are passed. This works even on the last administrator."`
}

type employeeSet struct {
	database
	Email string `arg:"" help:"The e-mail address."`
	admin.EmployeeChange
}

// Run changes the employee.
func (s *employeeSet) Run(ctx context.Context) error {
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.SetEmployee(ctx, d, s.Email, s.EmployeeChange, time.Now())
	})
}

type employeeAdd struct {
	database
	admin.NewEmployee
}

// Run prints what it changed and how the employee signs in.
func (a *employeeAdd) Run(ctx context.Context) error {
	return a.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		added, err := admin.AddEmployee(ctx, d, a.NewEmployee, time.Now())
		if err != nil {
			return err
		}
		user := "is an existing user (names unchanged)"
		if added.NewUser {
			user = "is a new user"
		}
		record := "was an employee already: nothing changed"
		switch {
		case added.NewRecord || added.NewAccess:
			record = "is now an employee"
		case added.Reactivated:
			record = "is an active employee again"
		}
		if added.Access != db.AccessNone || added.NewAccess {
			record += fmt.Sprintf(" (access: %s)", added.Access)
		}
		signIn := "They sign in by a magic link, or set a password by a reset link first."
		if added.HasPassword {
			signIn = "They sign in with their password, or by a magic link."
		}
		fmt.Printf("%s %s and %s. %s\n", added.Email, user, record, signIn)
		return nil
	})
}
