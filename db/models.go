package db

import (
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// User is a person who can sign in.
type User struct {
	bun.BaseModel `bun:"table:users"`

	ID              int64     `bun:",pk,autoincrement"`
	Email           string    // in lower case
	EmailVerifiedAt time.Time `bun:",nullzero"`
	PasswordHash    string    `bun:",nullzero"` // "" for none
	FirstName       string
	LastName        string
	Phone           string // E.164, or ""
	RememberMe      bool
	GoogleSubject   string `bun:",nullzero"` // Google's id of the linked account, "" for none
	Locale          string `bun:",nullzero"` // the language of mails, "" where none is known
	Suspended       bool   // cannot sign in
	Recordless      bool   // when the user was inserted or listed; Records is current
	CreatedAt       time.Time

	Records Records `bun:"-"`
	Access  Access  `bun:"-"` // of the employee record, whether or not that is active; AccessNone without one
}

// HasPassword reports whether the user can sign in with a password. A blank hash counts as none.
func (u *User) HasPassword() bool { return strings.TrimSpace(u.PasswordHash) != "" }

// Unproven reports whether somebody can sign in as the user who never verified the address. That may be a
// stranger, who registered it in advance.
func (u *User) Unproven() bool {
	return u.EmailVerifiedAt.IsZero() && (u.HasPassword() || u.GoogleSubject != "")
}

// Client is a user's record as a client.
type Client struct {
	bun.BaseModel `bun:"table:clients"`

	ID               int64 `bun:",pk,autoincrement"`
	UserID           int64
	CompanyID        int64 `bun:",nullzero"`
	CompanyName      string
	CompanyConfirmed bool
	Enterprise       bool
	Active           bool
	CreatedAt        time.Time

	User *User `bun:"rel:belongs-to,join:user_id=id"` // nil unless it was asked for
}

// Employee is a user's record as an employee.
type Employee struct {
	bun.BaseModel `bun:"table:employees"`

	ID        int64 `bun:",pk,autoincrement"`
	UserID    int64
	Active    bool
	Access    Access
	CreatedAt time.Time

	User *User `bun:"rel:belongs-to,join:user_id=id"`
}

// Liaison is a user's record as a liaison.
type Liaison struct {
	bun.BaseModel `bun:"table:liaisons"`

	ID        int64 `bun:",pk,autoincrement"`
	UserID    int64
	Active    bool
	CreatedAt time.Time

	User *User `bun:"rel:belongs-to,join:user_id=id"`
}

// Company is a company that clients can belong to.
type Company struct {
	bun.BaseModel `bun:"table:companies"`

	ID        int64 `bun:",pk,autoincrement"`
	Name      string
	Active    bool
	CreatedAt time.Time
}

// Session is a sign-in of a user to an application. It exists until it is deleted; impl decides when it has
// expired.
type Session struct {
	bun.BaseModel `bun:"table:sessions"`

	ID            int64 `bun:",pk,autoincrement"`
	UserID        int64
	ApplicationID int64
	TokenDigest   []byte
	Method        string
	RedirectURL   string
	IP            string `bun:"ip"`
	UserAgent     string
	CreatedAt     time.Time
	LastUsedAt    time.Time

	User User `bun:"-"`
}

// Application is a product that users sign in to.
type Application struct {
	bun.BaseModel `bun:"table:applications"`

	ID              int64 `bun:",pk,autoincrement"`
	Slug            string
	Name            string
	URL             string   `bun:"url"`
	Admits          []Role   `bun:",array"` // users with one of these roles can sign in
	RedirectOrigins []string `bun:",array"`
	LegacySlugs     bool
	SignInMail      bool
	AccentColor     string // such as #3366cc, "" for none
	SupportURL      string `bun:"support_url"`
	LogoDigest      string `bun:",nullzero"` // the database's SHA-256 of the logo, in hex; "" for none
	CreatedAt       time.Time
}

// ApplicationToken is a token by which an application identifies itself.
type ApplicationToken struct {
	bun.BaseModel `bun:"table:application_tokens"`

	ID            int64 `bun:",pk,autoincrement"`
	ApplicationID int64
	TokenDigest   []byte
	CreatedAt     time.Time
	LastUsedAt    time.Time `bun:",nullzero"` // zero for never; a minute late at most
}

// Link is a link that was mailed to a user, or a session that was handed over, and that has not been consumed.
type Link struct {
	bun.BaseModel `bun:"table:links"`

	ID            int64 `bun:",pk,autoincrement"`
	Kind          LinkKind
	UserID        int64
	ApplicationID int64
	RedirectURL   string
	TokenDigest   []byte
	CreatedAt     time.Time
	KnownAddress  bool   // whether it was requested from an address that the user had signed in from
	Email         string // the address that a change of address leads to, "" for other kinds
	ByAdmin       bool   // whether an administrator made it: then it needs no session
	EmailVerified bool   // of a link that undoes a change of address: whether the old one was verified

	// Of a session that was handed over:
	Challenge        string    // of the verifier that the token needs, RFC 7636
	SessionCreatedAt time.Time `bun:",nullzero"`
	SessionMethod    string
}

// GoogleState is a sign-in with Google that was started and not completed.
type GoogleState struct {
	bun.BaseModel `bun:"table:google_states"`

	ID            int64 `bun:",pk,autoincrement"`
	StateDigest   []byte
	Challenge     string // of the PKCE verifier, RFC 7636
	Nonce         string
	ApplicationID int64
	RedirectURL   string
	CreatedAt     time.Time
}

// Service is a tag of the spec, which groups routes. A zero DeployedAt disables all of them.
type Service struct {
	bun.BaseModel `bun:"table:services"`

	ID         int64 `bun:",pk,autoincrement"`
	Slug       string
	DeployedAt time.Time `bun:",nullzero"`
}

// Route is an operation of the spec. A zero DeployedAt disables it.
type Route struct {
	bun.BaseModel `bun:"table:routes"`

	ID         int64 `bun:",pk,autoincrement"`
	ServiceID  int64
	Method     string
	Path       string
	DeployedAt time.Time `bun:",nullzero"`

	Service *Service `bun:"rel:belongs-to,join:service_id=id"` // nil unless it was asked for
}

// Mail is a mail to a user, queued until SentAt or FailedAt is set.
type Mail struct {
	bun.BaseModel `bun:"table:mails"`

	ID        int64 `bun:",pk,autoincrement"`
	Kind      string
	ToEmail   string
	ToName    string
	Subject   string
	TextBody  string
	HTMLBody  string `bun:"html_body"`
	CreatedAt time.Time
	SentAt    time.Time `bun:",nullzero"`
	FailedAt  time.Time `bun:",nullzero"` // rejected, or given up after retries

	Claim        string    `bun:",nullzero"` // names the attempt that is sending the mail, "" for none
	ClaimedUntil time.Time `bun:",nullzero"` // by the database's clock

	UserID int64 `bun:",nullzero"` // the user it goes to; 0 for the mail about a deletion
}

// AuditEvent says who did what. It has no secrets, and no values of params.
type AuditEvent struct {
	bun.BaseModel `bun:"table:audit_events"`

	ID               int64 `bun:",pk,autoincrement"`
	CreatedAt        time.Time
	Operation        string // an operation id, or a verb of the command
	Status           string
	ActorID          int64  `bun:",nullzero"` // the user who did it, 0 for none
	ActorApplication string // the slug of the application whose token did it, "" for none
	Command          bool   // whether the command did it
	SubjectID        int64  `bun:",nullzero"` // the user it was about, 0 for none
	Application      string // the slug of the application that it was about, "" for none
	RequestID        string
	IP               string `bun:"ip"`
	UserAgent        string
	Changed          []string `bun:",array,nullzero"` // names of params
	Count            int64    // requests that it stands for
	Administration   bool     // whether the operation is an administrative one
}

// Notification tells operators that something failed.
type Notification struct {
	bun.BaseModel `bun:"table:notifications"`

	ID             int64 `bun:",pk,autoincrement"`
	Kind           string
	Operation      string
	Message        string
	RequestID      string
	CreatedAt      time.Time
	Count          int64     // failures that it stands for
	AcknowledgedAt time.Time `bun:",nullzero"`
	AcknowledgedBy int64     `bun:",nullzero"`
}
