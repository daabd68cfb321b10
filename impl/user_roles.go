package impl

import "github.com/planoauth/planoauth/db"

// access is what a user may do in an application.
type access int

const (
	admitted access = iota
	noRecord        // has no record at all and may become a client: client-required
	noRole          // has records, but none that is active and admitted: user-requires-role
)

// accessOf decides whether a user may sign in to an application: by the user's records, and the kinds of
// records that the application admits.
func accessOf(user *db.User, app *db.Application) access {
	switch {
	case user.Records.None():
		return noRecord
	case !user.Records.HasRole(app.Admits):
		return noRole
	}
	return admitted
}
