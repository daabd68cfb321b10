package db

import "slices"

// Role is a kind of record that a user can have. An active record gives the user its role in the applications
// that admit it.
type Role string

// The roles. Each has a table of records, and the constraint of applications.admits lists the same.
const (
	RoleClient   Role = "client"
	RoleEmployee Role = "employee"
	RoleLiaison  Role = "liaison"
)

// Roles lists all roles, in the order in which answers show them.
var Roles = []Role{RoleClient, RoleEmployee, RoleLiaison}

// RoleNames returns roles as texts, for answers.
func RoleNames(roles []Role) []string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return names
}

// Records holds a user's records: nil for none, else whether it is active.
type Records struct {
	Client, Employee, Liaison *bool
}

// None reports whether the user has no record at all.
func (r Records) None() bool { return r.Client == nil && r.Employee == nil && r.Liaison == nil }

// Has reports whether the user has a record of this kind, active or not.
func (r Records) Has(kind Role) (has bool) {
	r.each(func(role Role, _ bool) { has = has || role == kind })
	return has
}

// Kinds returns the kinds of all records, active or not.
func (r Records) Kinds() []string {
	kinds := make([]string, 0, 3)
	r.each(func(role Role, _ bool) { kinds = append(kinds, string(role)) })
	return kinds
}

// Roles returns the user's roles in an application that admits these.
func (r Records) Roles(admits []Role) []string {
	roles := make([]string, 0, 3)
	r.each(func(role Role, active bool) {
		if active && slices.Contains(admits, role) {
			roles = append(roles, string(role))
		}
	})
	return roles
}

// HasRole reports whether Roles returns any, without allocating.
func (r Records) HasRole(admits []Role) (has bool) {
	r.each(func(role Role, active bool) { has = has || active && slices.Contains(admits, role) })
	return has
}

func (r Records) each(do func(role Role, active bool)) {
	if r.Client != nil {
		do(RoleClient, *r.Client)
	}
	if r.Employee != nil {
		do(RoleEmployee, *r.Employee)
	}
	if r.Liaison != nil {
		do(RoleLiaison, *r.Liaison)
	}
}

// Access is what an employee may do by administrative operations. Each value includes those before it.
type Access string

// The values of access. The constraint of employees.access lists the same.
const (
	AccessNone    Access = "none" // notifications only
	AccessViewer  Access = "viewer"
	AccessSupport Access = "support"
	AccessAdmin   Access = "admin"
)

// Accesses lists all values of access, the least first.
var Accesses = []Access{AccessNone, AccessViewer, AccessSupport, AccessAdmin}

// Includes reports whether the access is at least another one.
func (a Access) Includes(other Access) bool {
	return slices.Index(Accesses, a) >= slices.Index(Accesses, other)
}
