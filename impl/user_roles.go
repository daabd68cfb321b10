package impl

import "github.com/planoauth/planoauth/db"

// access is what a user may do in an application.
type access int

const (
	admitted  access = iota
	noRecord         // has no record at all and may become a client: client-required
	noRole           // has records, but none that is active and admitted: user-requires-role
	suspended        // is kept from signing in: user-suspended
)

// accessOf decides whether a user may sign in to an application: by the user's records, the kinds of records
// that the application admits, and whether the user is suspended.
func accessOf(user *db.User, app *db.Application) access {
	switch {
	case !user.Records.None() && !user.Records.HasRole(app.Admits):
		return noRole
	case user.Suspended:
		return suspended
	case user.Records.None():
		return noRecord
	}
	return admitted
}
