package mailer

// Kind is a kind of mail. The column mails.kind stores it, and Mandrill gets it as a tag.
type Kind string

// The kinds of mails. Adding one takes a constant, an entry in Kinds and a file of words in each language.
const (
	Welcome         Kind = "welcome"          // after registration, with a verification link
	Verification    Kind = "verification"     // another verification link
	MagicLink       Kind = "magic_link"       // a link to sign in
	PasswordReset   Kind = "password_reset"   // a link to set a new password
	PasswordSet     Kind = "password_set"     // notice of a new password
	PasswordRemoved Kind = "password_removed" // notice that a stranger's password was removed
	GoogleLinked    Kind = "google_linked"    // notice of a linked Google account
	RememberMe      Kind = "remember_me"      // notice of sessions that do not expire
	SignIn          Kind = "sign_in"          // notice of a sign-in
	Summary         Kind = "summary"          // instead of further notices within an hour

	EmailChange          Kind = "email_change"           // a link that changes the address, to the new one
	EmailChangeByAdmin   Kind = "email_change_by_admin"  // the same, made by an administrator
	EmailChangeRequested Kind = "email_change_requested" // tells the present address
	EmailChanged         Kind = "email_changed"          // tells the old address, with a link that undoes the change
	AccountDeleted       Kind = "account_deleted"        // tells users that they deleted their account
	Invitation           Kind = "invitation"             // welcome to somebody that an employee made a user, with a link to set a password
	NewRecord            Kind = "new_record"             // tells a user of a record that an employee made
)

// Kinds lists every kind. Each has words in a file of the same name in templates/, in each language.
var Kinds = []Kind{
	Welcome, Verification, MagicLink, PasswordReset, PasswordSet, PasswordRemoved, GoogleLinked, RememberMe, SignIn, Summary,
	EmailChange, EmailChangeByAdmin, EmailChangeRequested, EmailChanged, AccountDeleted, Invitation, NewRecord,
}
