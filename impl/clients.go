package impl

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
	"github.com/uptrace/bun"
	"mvdan.cc/xurls/v2"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// claim is what a person says of themselves when they become a client, by either of the operations.
type claim struct {
	application, redirectURL   string
	email, password            string // password is "" when none is to be set
	firstName, lastName, phone string
	companyID                  int64
	companyName                string
	enterprise                 bool
}

// ClientsRegister makes a user and their client record, and signs them in.
func (s *Server) ClientsRegister(ctx context.Context, req gen.ClientsRegisterRequestObject) (gen.ClientsRegisterResponseObject, error) {
	c, p := callOf(ctx), req.Body
	claim := claim{
		application: p.Application, redirectURL: p.RedirectURL, email: normalEmail(p.Client.Email), password: p.Client.Password,
		firstName: p.Client.FirstName, lastName: p.Client.LastName, phone: p.Client.Phone,
		companyID: p.Client.CompanyID, companyName: p.Client.CompanyName, enterprise: p.Enterprise != nil && *p.Enterprise,
	}
	app, wrong, broken, err := s.checkClaim(c, &claim)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: c.sorted(wrong)}, nil
	}
	hash, broken, err := s.acceptPassword(ctx, &claim, broken)
	switch {
	case errors.Is(err, errBusy):
		return gen.ServerBusy{}, nil
	case err != nil:
		return nil, err
	case len(broken) > 0:
		return gen.ClientValidationFailed{Errors: c.sorted(broken)}, nil
	}
	user := &db.User{
		Email: claim.email, PasswordHash: hash, FirstName: claim.firstName, LastName: claim.lastName, Phone: claim.phone, CreatedAt: c.now,
	}
	client := claim.client(c)
	user.Records.Client = &client.Active
	session, token := c.newSession(user, app, gen.SignInMethodRegistration, p.RedirectURL)
	welcome, err := s.welcomeMail(c, user, app)
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := insertUser(ctx, tx, user); err != nil {
			return err
		}
		client.UserID, session.UserID, session.User.ID = user.ID, user.ID, user.ID
		if _, err := tx.NewInsert().Model(client).Returning("id").Exec(ctx); err != nil {
			return err
		}
		return errors.Join(insertSession(ctx, tx, session, c.session), s.jobs.queueMail(ctx, tx, welcome))
	})
	if errors.Is(err, errEmailTaken) {
		if app.LegacySlugs {
			return gen.EmailAlreadyRegisterd{}, nil
		}
		return gen.EmailAlreadyRegistered{}, nil
	}
	if err != nil {
		return nil, err
	}
	data := clientView(p.View, client, user)
	shown := sessionView(p.SessionView, session, app, token)
	application := optionalApplication(p.ApplicationView, app)
	if !s.deliver(c, welcome) {
		return gen.ClientsRegisterMandrillEmailFailed{Data: data, Session: shown, Application: application}, nil
	}
	return gen.ClientsRegisterActionSuccessful{Data: data, Session: shown, Application: application}, nil
}

// errEmailTaken means that a user has the e-mail address already.
var errEmailTaken = errors.New("the e-mail address belongs to a user")

func insertUser(ctx context.Context, idb bun.IDB, user *db.User) error {
	done, err := idb.NewInsert().Model(user).On("CONFLICT (lower(email)) DO NOTHING").Returning("id").Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errEmailTaken)
	}
	return nil
}

func (claim *claim) client(c *call) *db.Client {
	return &db.Client{
		CompanyID: claim.companyID, CompanyName: claim.companyName, Active: true, CreatedAt: c.now,
		Enterprise: claim.enterprise && claim.companyID == 0,
	}
}

// checkClaim looks up what the spec alone cannot know (wrong), and then judges the person by the rules of the model (broken),
// save for the password. It puts the phone number into its standard form.
func (s *Server) checkClaim(c *call, claim *claim) (app *db.Application, wrong, broken []gen.ParamError, err error) {
	app, wrong = c.application(claim.application, claim.redirectURL)
	if app != nil && !slices.Contains(app.Admits, "client") {
		wrong = append(wrong, paramError("application", gen.Allowed, "does not admit clients"))
	}
	if claim.phone != "" {
		var possible bool
		if claim.phone, possible = standardPhone(claim.phone); !possible {
			broken = append(broken, paramError("client.phone", gen.Possible, "is not a phone number that can exist"))
		}
	}
	if holdsURL(claim.firstName) {
		broken = append(broken, paramError("client.first_name", gen.NoURL, "must not hold a URL"))
	}
	if holdsURL(claim.lastName) {
		broken = append(broken, paramError("client.last_name", gen.NoURL, "must not hold a URL"))
	}
	if claim.companyID != 0 {
		active, found, err := s.company(c.req.Context(), claim.companyID)
		switch {
		case err != nil:
			return nil, nil, nil, err
		case !found:
			wrong = append(wrong, paramError("client.company_id", gen.Exists, "there is no such company"))
		case !active:
			broken = append(broken, paramError("client.company_id", gen.Active, "is not an active company"))
		}
	}
	return app, wrong, broken, nil
}

// acceptPassword judges the claim's password and, if nothing of the claim is broken, hashes it, both in one hashing place.
func (s *Server) acceptPassword(ctx context.Context, claim *claim, broken []gen.ParamError) (hash string, _ []gen.ParamError, err error) {
	if claim.password == "" {
		return "", broken, nil
	}
	var failed error
	err = s.places.do(ctx, func() {
		words := ownWords(claim.email, claim.firstName, claim.lastName, claim.companyName, claim.application, "planoauth")
		if rule, message := judgePassword(claim.password, words); rule != "" {
			broken = append(broken, paramError("client.password", rule, message))
		}
		if len(broken) == 0 {
			hash, failed = s.hash(claim.password)
		}
	})
	return hash, broken, errors.Join(err, failed)
}

func (s *Server) company(ctx context.Context, id int64) (active, found bool, err error) {
	var states []bool
	err = s.DB.NewSelect().Table("companies").Column("active").Where("id = ?", id).Scan(ctx, &states)
	return len(states) > 0 && states[0], len(states) > 0, err
}

// standardPhone is a phone number in E.164, and whether it can exist. Without a country code it is one of the USA.
func standardPhone(text string) (string, bool) {
	number, err := phonenumbers.Parse(text, "US")
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return text, false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// urlForm is built once, at its first use, for it takes longer than all else at the start of the server.
var urlForm = sync.OnceValue(xurls.Relaxed)

func holdsURL(name string) bool {
	return strings.Contains(name, "://") || strings.Contains(strings.ToLower(name), "www.") || urlForm().MatchString(name)
}

func userAgent(req *http.Request) string {
	text := req.UserAgent()
	return strings.ToValidUTF8(text[:min(len(text), maxUserAgent)], "")
}
