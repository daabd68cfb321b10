package tests

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/planoauth/planoauth/gen/client"
)

// person describes a user that a test needs. Empty fields get defaults.
type person struct {
	email, password                     string
	noPassword, rememberMe              bool
	client, employee, liaison, inactive bool
	access                              string // of an employee
}

const goodPassword = "analytical engine 1843"

var people atomic.Int64

// user inserts a user and returns the e-mail address.
func (e *env) user(p person) string {
	e.t.Helper()
	if p.email == "" {
		p.email = fmt.Sprintf("user%d@example.com", people.Add(1))
	}
	if p.password == "" {
		p.password = goodPassword
	}
	var hash any
	if !p.noPassword {
		hash = hashOf(e.t, p.password)
	}
	var id int64
	check(e.t, e.pool.QueryRow(context.Background(),
		"INSERT INTO users (email, password_hash, first_name, last_name, remember_me) VALUES ($1, $2, 'Ada', 'Lovelace', $3) RETURNING id",
		p.email, hash, p.rememberMe).Scan(&id))
	p.employee = p.employee || p.access != ""
	for table, has := range map[string]bool{"clients": p.client, "employees": p.employee, "liaisons": p.liaison} {
		if has {
			e.exec("INSERT INTO "+table+" (user_id, active) VALUES ($1, $2)", id, !p.inactive)
		}
	}
	if p.access != "" {
		e.exec("UPDATE employees SET access = $2 WHERE user_id = $1", id, p.access)
	}
	return p.email
}

// employee inserts an employee with this access, and returns the token of a session of planoauth.
func (e *env) employee(access string) string {
	e.t.Helper()
	return e.session(e.user(person{access: access}), "planoauth")
}

// userID returns the id of the user with an e-mail address.
func (e *env) userID(email string) (id int64) {
	e.t.Helper()
	check(e.t, e.pool.QueryRow(context.Background(), "SELECT id FROM users WHERE email = $1", email).Scan(&id))
	return id
}

// signIn signs a user in to planoorder and returns the token.
func (e *env) signIn(email string) string {
	e.t.Helper()
	outcome, err := e.api.SessionsCreate(e.t.Context(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"})
	check(e.t, err)
	switch outcome := outcome.(type) {
	case client.SessionsCreateActionSuccessful:
		return outcome.Data.Token
	case client.SessionsCreateClientRequired:
		return outcome.Data.Token
	}
	e.t.Fatalf("signing in answered %s", outcome.Slug())
	return ""
}
