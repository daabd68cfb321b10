package db

import (
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// User is a person.
type User struct {
	bun.BaseModel `bun:"table:users"`

	ID              int64     `bun:",pk,autoincrement"`
	Email           string    // lower case
	EmailVerifiedAt time.Time `bun:",nullzero"`
	PasswordHash    string    `bun:",nullzero"` // "" when the user has none
	FirstName       string
	LastName        string
	Phone           string // E.164, or ""
	RememberMe      bool
	GoogleSubject   string `bun:",nullzero"` // Google's id of the linked account, "" when there is none
	CreatedAt       time.Time

	Records Records `bun:"-"`
}

// Records says which records a user has: nil where there is none, else whether it is active.
type Records struct {
	Client, Employee, Liaison *bool
}

// None tells whether the user has no record at all.
func (r Records) None() bool { return r.Client == nil && r.Employee == nil && r.Liaison == nil }

// Kinds lists the kinds of all records, active or not.
func (r Records) Kinds() []string {
	kinds := make([]string, 0, 3)
	r.each(func(kind string, _ bool) { kinds = append(kinds, kind) })
	return kinds
}

// Roles lists the kinds of the active records that are admitted.
func (r Records) Roles(admits []string) []string {
	roles := make([]string, 0, 3)
	r.each(func(kind string, active bool) {
		if isRole(kind, active, admits) {
			roles = append(roles, kind)
		}
	})
	return roles
}

// HasRole tells whether Roles has any, and makes no list.
func (r Records) HasRole(admits []string) (has bool) {
	r.each(func(kind string, active bool) { has = has || isRole(kind, active, admits) })
	return has
}

func isRole(kind string, active bool, admits []string) bool {
	return active && slices.Contains(admits, kind)
}

// each hands out the kind of each record, and whether it is active.
func (r Records) each(do func(kind string, active bool)) {
	if r.Client != nil {
		do("client", *r.Client)
	}
	if r.Employee != nil {
		do("employee", *r.Employee)
	}
	if r.Liaison != nil {
		do("liaison", *r.Liaison)
	}
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
}

// Session is a sign-in of one user to one application.
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
	Admits          []string `bun:",array"` // kinds of records
	RedirectOrigins []string `bun:",array"`
	LegacySlugs     bool
	SignInMail      bool
}

// ApplicationToken is what an application presents itself by.
type ApplicationToken struct {
	bun.BaseModel `bun:"table:application_tokens"`

	ID            int64 `bun:",pk,autoincrement"`
	ApplicationID int64
	TokenDigest   []byte
	CreatedAt     time.Time
}

// Link is a link that was mailed to a user and not used yet.
type Link struct {
	bun.BaseModel `bun:"table:links"`

	ID            int64  `bun:",pk,autoincrement"`
	Kind          string // magic, reset or verification
	UserID        int64
	ApplicationID int64
	RedirectURL   string
	TokenDigest   []byte
	CreatedAt     time.Time
}

// GoogleState is a sign-in with Google that has begun.
type GoogleState struct {
	bun.BaseModel `bun:"table:google_states"`

	ID            int64 `bun:",pk,autoincrement"`
	StateDigest   []byte
	Challenge     string
	Nonce         string
	ApplicationID int64
	RedirectURL   string
	CreatedAt     time.Time
}

// Service groups the routes of one tag of the spec.
type Service struct {
	bun.BaseModel `bun:"table:services"`

	ID         int64 `bun:",pk,autoincrement"`
	Slug       string
	DeployedAt time.Time `bun:",nullzero"`
}

// Route is one operation of the spec.
type Route struct {
	bun.BaseModel `bun:"table:routes"`

	ID         int64 `bun:",pk,autoincrement"`
	ServiceID  int64
	Method     string
	Path       string
	DeployedAt time.Time `bun:",nullzero"`
}

// Mail is a mail that waits to be sent or has been.
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
	FailedAt  time.Time `bun:",nullzero"` // given up
}

// Notification tells the people who run the system that something failed.
type Notification struct {
	bun.BaseModel `bun:"table:notifications"`

	ID             int64 `bun:",pk,autoincrement"`
	Kind           string
	Operation      string
	Message        string
	RequestID      string
	CreatedAt      time.Time
	AcknowledgedAt time.Time `bun:",nullzero"`
	AcknowledgedBy int64     `bun:",nullzero"`
}
