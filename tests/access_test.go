package tests

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

var accesses = []string{"none", "viewer", "support", "admin"}

// administrative lists the operations of the spec that need access.
func administrative() (all []*specOperation) {
	for _, o := range specOperations() {
		if o.access() != "" {
			all = append(all, o)
		}
	}
	return all
}

func (o *specOperation) access() string { a, _ := o.op.Extensions["x-access"].(string); return a }

// TestAccess calls every administrative operation as every kind of caller. TestExamples shows that the access
// that an operation names suffices.
func TestAccess(t *testing.T) {
	t.Parallel()
	for _, o := range administrative() {
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			v := prepare(e, o)
			inactive := e.user(person{client: true, access: "admin"})
			e.exec("UPDATE employees SET active = false WHERE user_id = $1", e.userID(inactive))
			remembering := e.user(person{access: "admin", rememberMe: true})
			for _, caller := range []struct{ name, token, want string }{
				{"nobody", "", "missing-param"},
				{"an application", e.applicationToken("planoorder"), "invalid-token"},
				{"a client", e.session(e.user(person{client: true}), "planoauth"), "permission-denied"},
				{"a liaison", e.session(e.user(person{liaison: true}), "planoauth"), "permission-denied"},
				{"a user without a record", e.session(e.user(person{}), "planoauth"), "permission-denied"},
				{"an inactive employee", e.session(inactive, "planoauth"), "permission-denied"},
				{"an admin in a product", e.signIn(e.user(person{client: true, access: "admin"})), "permission-denied"},
			} {
				v.token = caller.token
				if a := v.send(e); a.status() != caller.want {
					t.Errorf("%s: want %s, have %s", caller.name, caller.want, a.text)
				}
			}
			for _, access := range accesses[:slices.Index(accesses, o.access())] {
				v.token = e.employee(access)
				if a := v.send(e); a.status() != "permission-denied" {
					t.Errorf("an employee with the access %s: %s", access, a.text)
				}
			}
			// The access of the record counts at once, and remember_me lifts no limit.
			v.token = e.session(remembering, "planoauth")
			e.exec("UPDATE employees SET access = 'none' WHERE user_id = $1", e.userID(remembering))
			if a := v.send(e); a.status() != "permission-denied" {
				t.Errorf("a lowered access: %s", a.text)
			}
			e.exec("UPDATE employees SET access = 'admin' WHERE user_id = $1", e.userID(remembering))
			e.clock.move(7 * 24 * time.Hour)
			if a := v.send(e); a.status() != "session-expired" {
				t.Errorf("after seven days, with remember_me: %s", a.text)
			}
		})
	}
}

// TestHigherAccess: each access includes those before it.
func TestHigherAccess(t *testing.T) {
	t.Parallel()
	for _, o := range administrative() {
		for _, access := range accesses[slices.Index(accesses, o.access())+1:] {
			t.Run(o.id+" as "+access, func(t *testing.T) {
				t.Parallel()
				e := startFor(t, o)
				v := prepare(e, o)
				v.token = e.employee(access)
				if a := v.send(e); a.status() != "action-successful" && a.status() != "client-created-for-existing-email" {
					t.Error(a.text)
				}
			})
		}
	}
}

// TestTargets calls every operation that acts on a person, on persons who have access: only admins may, and on
// themselves only where the spec says so.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, o := range administrative() {
		if o.extension("x-subject", "acts") != true {
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			t.Parallel()
			e := startFor(t, o)
			v := prepare(e, o)
			for _, access := range accesses[1:] {
				target := e.user(person{client: true, liaison: true, access: access})
				e.exec("UPDATE users SET email_verified_at = now() WHERE email = $1", target)
				v.on(e, target)
				if v.token = e.employee("support"); o.access() != "admin" && v.send(e).status() != "permission-denied" {
					t.Errorf("support may act on somebody with the access %s", access)
				}
			}
			self := e.user(person{client: true, liaison: true, access: "admin"})
			e.user(person{access: "admin"}) // so that the other is not the last one
			v.on(e, self)
			v.token = e.session(self, "planoauth")
			a := v.send(e)
			subject, _ := o.extension("x-subject", "param").(string)
			if refused := strings.Contains(a.params(), subject+" allowed"); refused == (o.extension("x-subject", "oneself") == true) {
				t.Errorf("on oneself: %s", a.text)
			}
		})
	}
}

// on makes the request one about a user.
func (v *valid) on(e *env, email string) {
	e.t.Helper()
	var value any = email
	switch kind := v.extension("x-subject", "kind").(string); kind {
	case "email":
	case "person":
		value = e.userID(email)
	default:
		var id int64
		check(e.t, e.pool.QueryRow(e.t.Context(), "SELECT id FROM "+kind+"s WHERE user_id = $1", e.userID(email)).Scan(&id))
		value = id
	}
	v.params = maps.Clone(v.params)
	top, below, nested := strings.Cut(v.extension("x-subject", "param").(string), ".")
	if !nested {
		v.params[top] = value
		return
	}
	object := maps.Clone(v.params[top].(map[string]any))
	object[below] = value
	v.params[top] = object
}
