package impl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/token"
	"github.com/planoauth/planoauth/impl/validation"
)

// What the administrative verbs of the command do. Their errors are for the person who typed: they name the argument that is
// wrong, and how it must be.

// ApplicationSettings are what an operator says of an application. What is nil was not said.
type ApplicationSettings struct {
	Name           *string   `placeholder:"NAME" help:"The name for people."`
	URL            *string   `name:"url" placeholder:"URL" help:"Where the application is; empty for nowhere."`
	Admits         []db.Role `enum:"client,employee,liaison" placeholder:"KIND" help:"Kinds of records that may sign in: client, employee, liaison; client when nothing is said."`
	RedirectOrigin []string  `sep:"none" placeholder:"ORIGIN" help:"Where users may be sent to besides the origin of --url; may be repeated; empty for none."`
	LegacySlugs    *bool     `negatable:"" help:"Whether the old spelling email-already-registerd is sent."`
	SignInMail     *bool     `negatable:"" help:"Whether users are told of each sign-in by mail."`
}

// maxOrigins leaves room for the origin of the url in what answers may hold.
const maxOrigins = 99

var slugForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// apply puts what was said into app, and tells in which columns; or says what is wrong first.
func (s *ApplicationSettings) apply(app *db.Application) (columns []string, err error) {
	set := func(column string, wrong error) {
		columns, err = append(columns, column), cmp.Or(err, wrong)
	}
	if s.Name != nil {
		app.Name = *s.Name
		set("name", checkText("--name", "CompanyName", app.Name))
	}
	if s.URL != nil {
		app.URL = *s.URL
		set("url", checkURL(app.Slug, app.URL))
	}
	if s.Admits != nil {
		var wrong error
		if len(s.Admits) == 0 {
			wrong = errors.New("--admits must name at least one of client, employee and liaison")
		}
		slices.Sort(s.Admits)
		app.Admits = slices.Compact(s.Admits)
		set("admits", wrong)
	}
	if s.RedirectOrigin != nil {
		var wrong error
		app.RedirectOrigins, wrong = checkOrigins(s.RedirectOrigin)
		set("redirect_origins", wrong)
	}
	if s.LegacySlugs != nil {
		app.LegacySlugs = *s.LegacySlugs
		set("legacy_slugs", nil)
	}
	if s.SignInMail != nil {
		app.SignInMail = *s.SignInMail
		set("sign_in_mail", nil)
	}
	return columns, err
}

// checkText holds what was typed against a schema of openapi.yaml, which bounds texts of its kind.
func checkText(argument, schema, text string) error {
	validator, err := validation.New()
	if err != nil {
		return err
	}
	found, err := validator.Component(schema, text)
	if len(found) > 0 {
		return fmt.Errorf("%s %s", argument, found[0].Message)
	}
	return err
}

func checkURL(slug, text string) error {
	switch {
	case slug == "planoauth":
		return errors.New("--url cannot be set for planoauth: its url is PUBLIC_URL")
	case text != "" && checkText("--url", "RedirectURL", text) != nil:
		return errors.New("--url must be an absolute https URL, or an http one on this machine")
	}
	return nil
}

func checkOrigins(texts []string) (origins []string, err error) {
	origins = []string{}
	if slices.Equal(texts, []string{""}) {
		return origins, nil
	}
	for _, text := range texts {
		origin := formats.Origin(text)
		if formats.CheckRedirectURL(text) != nil || len(origin) > 300 {
			return nil, errors.New("--redirect-origin must be an origin such as https://app.example, or an http one on this machine")
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	if len(origins) > maxOrigins {
		return nil, fmt.Errorf("--redirect-origin can be passed %d times", maxOrigins)
	}
	return origins, nil
}

func noSuchApplication(slug string) error { return fmt.Errorf("there is no application %q", slug) }

// ListedApplication is an application with its tokens, of which only number and age are known.
type ListedApplication struct {
	*db.Application
	Tokens []db.ApplicationToken
}

// ListApplications lists all applications by slug.
func ListApplications(ctx context.Context, d *db.DB) ([]ListedApplication, error) {
	var applications []*db.Application
	if err := d.NewSelect().Model(&applications).Order("slug").Scan(ctx); err != nil {
		return nil, err
	}
	var tokens []db.ApplicationToken
	if err := d.NewSelect().Model(&tokens).Column("id", "application_id", "created_at").Order("id").Scan(ctx); err != nil {
		return nil, err
	}
	byID := map[int64][]db.ApplicationToken{}
	for _, token := range tokens {
		byID[token.ApplicationID] = append(byID[token.ApplicationID], token)
	}
	listed := make([]ListedApplication, len(applications))
	for i, app := range applications {
		listed[i] = ListedApplication{app, byID[app.ID]}
	}
	return listed, nil
}

// AddApplication makes an application that admits clients unless told otherwise.
func AddApplication(ctx context.Context, d *db.DB, slug string, settings ApplicationSettings) error {
	if !slugForm.MatchString(slug) {
		return errors.New("SLUG must begin with a small letter and go on with small letters, digits and hyphens, 63 characters at most")
	}
	if settings.Name == nil {
		return errors.New("--name is required")
	}
	app := &db.Application{Slug: slug, Admits: []db.Role{db.RoleClient}, RedirectOrigins: []string{}}
	if _, err := settings.apply(app); err != nil {
		return err
	}
	err := db.InsertNew(ctx, d, app)
	if errors.Is(err, db.ErrAlreadyExists) {
		return fmt.Errorf("there is an application %q already", slug)
	}
	return err
}

// SetApplication changes what was said of an application, and nothing else.
func SetApplication(ctx context.Context, d *db.DB, slug string, settings ApplicationSettings) error {
	app := &db.Application{Slug: slug}
	columns, err := settings.apply(app)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return errors.New("nothing is to be changed: pass at least one flag")
	}
	changed, err := db.ChangedOne(d.NewUpdate().Model(app).Column(columns...).Where("slug = ?", slug).Exec(ctx))
	if err == nil && !changed {
		return noSuchApplication(slug)
	}
	return err
}

// AddApplicationToken makes a token of an application, beside those that it has. The token itself is nowhere but in the result.
func AddApplicationToken(ctx context.Context, d *db.DB, slug string, now time.Time) (text string, id int64, err error) {
	text, digest := token.New(token.Application)
	err = d.Pool.QueryRow(ctx, `
INSERT INTO application_tokens (application_id, token_digest, created_at) SELECT id, $2, $3 FROM applications WHERE slug = $1 RETURNING id`,
		slug, digest[:], now).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noSuchApplication(slug)
	}
	return text, id, err
}

// RevokeApplicationToken makes a token worthless, and tells whose it was.
func RevokeApplicationToken(ctx context.Context, d *db.DB, id int64) (slug string, err error) {
	err = d.Pool.QueryRow(ctx, `
DELETE FROM application_tokens t USING applications a WHERE t.id = $1 AND a.id = t.application_id RETURNING a.slug`, id).Scan(&slug)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("there is no token #%d", id)
	}
	return slug, err
}

// NewEmployee is whom an operator wants to be an employee.
type NewEmployee struct {
	Email     string `arg:"" help:"The e-mail address."`
	FirstName string `placeholder:"NAME" help:"First name of a new user."`
	LastName  string `placeholder:"NAME" help:"Last name of a new user."`
	Unproven  bool   `help:"Take a user who has registered, but not proven to own the address."`
}

func (n *NewEmployee) check() error {
	return cmp.Or(
		checkText("EMAIL", "Email", n.Email),
		checkName("--first-name", n.FirstName),
		checkName("--last-name", n.LastName))
}

func checkName(flag, name string) error {
	switch {
	case name == "":
		return nil
	case formats.ContainsURL(name):
		return errors.New(flag + " must not hold a URL")
	}
	return checkText(flag, "Name", name)
}

// AddedEmployee says what AddEmployee has done.
type AddedEmployee struct {
	Email                           string
	NewUser, NewRecord, NewlyActive bool
	HasPassword                     bool
}

// AddEmployee makes an active employee of the user with this address, and the user, without a password, if there is none.
func AddEmployee(ctx context.Context, d *db.DB, n NewEmployee, now time.Time) (added AddedEmployee, err error) {
	if err := n.check(); err != nil {
		return added, err
	}
	user := &db.User{Email: formats.NormalizeEmail(n.Email), FirstName: n.FirstName, LastName: n.LastName, CreatedAt: now}
	added.Email = user.Email
	err = d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := db.InsertNew(ctx, tx, user)
		if added.NewUser = err == nil; errors.Is(err, db.ErrAlreadyExists) {
			err = tx.NewSelect().Model(user).Where("lower(email) = ?", user.Email).For("UPDATE").Scan(ctx)
		}
		if err != nil {
			return err
		}
		added.HasPassword = user.HasPassword()
		added.NewRecord, added.NewlyActive, err = makeEmployee(ctx, tx, user.ID, now)
		if err == nil && (added.NewRecord || added.NewlyActive) && mayBeStranger(user) && !n.Unproven {
			return errors.New("whoever registered this address has not proven that it is theirs: let them open a mailed link first, or pass --unproven")
		}
		return err
	})
	return added, err
}

// makeEmployee makes the record, or makes it active again.
func makeEmployee(ctx context.Context, tx bun.Tx, user int64, now time.Time) (made, activated bool, err error) {
	made, err = db.ChangedOne(tx.NewRaw("INSERT INTO employees (user_id, created_at) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING", user, now).Exec(ctx))
	if err != nil || made {
		return made, false, err
	}
	activated, err = db.ChangedOne(tx.NewRaw("UPDATE employees SET active = true WHERE user_id = ? AND NOT active", user).Exec(ctx))
	return false, activated, err
}

// mayBeStranger tells whether somebody can sign in to the user who has not proven to own the address.
func mayBeStranger(user *db.User) bool {
	return user.EmailVerifiedAt.IsZero() && (user.HasPassword() || user.GoogleSubject != "")
}

// AddCompany makes a company that clients can claim to belong to.
func AddCompany(ctx context.Context, d *db.DB, name string) (id int64, err error) {
	if err := checkText("NAME", "CompanyName", name); err != nil {
		return 0, err
	}
	err = d.Pool.QueryRow(ctx, "INSERT INTO companies (name) VALUES ($1) RETURNING id", name).Scan(&id)
	return id, err
}
