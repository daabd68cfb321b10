package impl

import (
	"context"
	"fmt"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

// failedCheck returns the first check that a sign-in with the right password fails, "" if it fails none. The first
// one, of the application, comes before the account is looked up. Sign-ins run it, and people/explain shows it.
func (a *account) failedCheck(app *db.Application, now time.Time) gen.SignInStepStep {
	switch {
	case a.wait(now) > 0:
		return gen.SignInStepStepThrottle
	case a.User == nil:
		return gen.SignInStepStepUser
	case !a.User.HasPassword():
		return gen.SignInStepStepPassword
	}
	switch accessOf(a.User, app) {
	case noRecord:
		return gen.SignInStepStepRecord
	case noRole:
		return gen.SignInStepStepRole
	case suspended:
		return gen.SignInStepStepSuspended
	case admitted:
	}
	return ""
}

// signInAnswer is an answer of sessions/create.
type signInAnswer interface {
	gen.Outcome
	gen.SessionsCreateResponseObject
}

// refusalOf returns the answer to a sign-in that fails a check, without data; for "" the one to a sign-in that
// succeeds.
func refusalOf(failed gen.SignInStepStep) signInAnswer {
	switch failed {
	case gen.SignInStepStepApplication:
		return gen.InvalidParam{Errors: noApplication}
	case gen.SignInStepStepThrottle:
		return gen.RateLimitExceeded{}
	case gen.SignInStepStepUser:
		return gen.EmailNotFound{}
	case gen.SignInStepStepPassword:
		return gen.UserHasNoPassword{}
	case gen.SignInStepStepRecord:
		return gen.SessionsCreateClientRequired{}
	case gen.SignInStepStepRole:
		return gen.UserRequiresRole{}
	case gen.SignInStepStepSuspended:
		return gen.UserSuspended{}
	}
	return gen.SessionsCreateActionSuccessful{}
}

// PeopleExplain says what sessions/create would answer to the right password, without knowing it. It neither counts
// as an attempt nor hides anything.
func (s *Server) PeopleExplain(ctx context.Context, req gen.PeopleExplainRequestObject) (gen.PeopleExplainResponseObject, error) {
	c, p := callOf(ctx), req.Body
	app, wrong := c.application(p.Application, "")
	if len(wrong) > 0 {
		return gen.InvalidParam{Errors: wrong}, nil
	}
	explained, user, err := ExplainSignIn(c.context(), s.DB, s.passwordLimit, app, formats.NormalizeEmail(p.Email), c.now)
	if err != nil {
		return nil, err
	}
	c.concerns(user)
	return gen.PeopleExplainActionSuccessful{Data: explained}, nil
}

// ExplainSignIn says what sessions/create would answer to the right password from a network that was never seen, for an
// e-mail address in lower case. It also returns the user, nil if none has the address.
func ExplainSignIn(
	ctx context.Context, d *db.DB, passwords ratelimit.Mailbox, app *db.Application, email string, now time.Time,
) (explained gen.SignInExplanation, _ *db.User, _ error) {
	found, err := accountFrom(ctx, d, "", email, passwords, now)
	if err != nil {
		return explained, nil, err
	}
	failed := found.failedCheck(app, now)
	return gen.SignInExplanation{
		Outcome: gen.SignInExplanationOutcome(refusalOf(failed).Slug()), Steps: found.explain(failed, now),
	}, found.User, nil
}

// signInSteps are the checks of a sign-in in their order, with what passing and failing each means.
var signInSteps = []struct {
	step           gen.SignInStepStep
	passed, failed string
}{
	{gen.SignInStepStepApplication, "The application exists.", ""},
	{gen.SignInStepStepThrottle, "Another attempt is allowed.", "There were too many wrong passwords."},
	{gen.SignInStepStepUser, "A user has the address.", "No user has the address."},
	{gen.SignInStepStepPassword, "The user has a password.", "The user has no password."},
	{gen.SignInStepStepRecord, "The user has a record.", "The user has no record, and is asked to become a client."},
	{
		gen.SignInStepStepRole,
		"The application admits an active record of the user.", "The application admits no active record of the user.",
	},
	{gen.SignInStepStepSuspended, "The user is not suspended.", "The user is suspended."},
}

// explain lists the checks up to the one that failed; all for "".
func (a *account) explain(failed gen.SignInStepStep, now time.Time) (steps []gen.SignInStep) {
	for _, check := range signInSteps {
		step := gen.SignInStep{Step: check.step, Passed: check.step != failed, Message: check.passed}
		switch {
		case failed == gen.SignInStepStepThrottle && !step.Passed:
			step.Message = fmt.Sprintf("%s Another attempt is allowed in %v.", check.failed, a.wait(now).Round(time.Second))
		case !step.Passed:
			step.Message = check.failed
		case (check.step == gen.SignInStepStepRecord || check.step == gen.SignInStepStepRole) && a.User.Records.None():
			step.Message = "The user has no record, which does not matter while they are suspended."
		}
		if steps = append(steps, step); !step.Passed {
			break
		}
	}
	return steps
}
