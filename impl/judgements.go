package impl

import (
	"context"
	"errors"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/ratelimit"
)

// PasswordsJudge says whether a password would be accepted as a new one. Judging a long password takes a while, so it
// needs a hash slot, and each network may ask only so often.
func (s *Server) PasswordsJudge(ctx context.Context, req gen.PasswordsJudgeRequestObject) (gen.PasswordsJudgeResponseObject, error) {
	c, p := callOf(ctx), req.Body
	key := ratelimit.Judgements.Key(c.network())
	within, err := ratelimit.Judgements.Count(c.context(), s.DB, key[:], ratelimit.Digest(""), false, false, c.now)
	if err != nil {
		return nil, err
	}
	if !within {
		made, err := s.DB.Attempts(c.context(), key[:])
		return c.rateLimited(ratelimit.Judgements.Wait(made, 0, false, c.now)), err
	}
	words, err := s.judgedWords(c, p)
	if err != nil {
		return nil, err
	}
	_, violation, err := s.Passwords.HashNew(c.context(), c.network(), p.Password, password.OwnWords(words...), true)
	switch {
	case errors.Is(err, password.ErrBusy):
		return s.busy(c), nil
	case err != nil:
		return nil, err
	}
	data := gen.PasswordJudgement{Acceptable: violation == nil, Rules: []string{}}
	if violation != nil {
		data.Rules = append(data.Rules, string(violation.Rule))
	}
	return gen.PasswordsJudgeActionSuccessful{Data: data}, nil
}

// judgedWords returns the texts that belong to the person: what the params say, and what is known of the signed-in
// user and of the application, as where a password is set.
func (s *Server) judgedWords(c *call, p *gen.PasswordsJudgeParams) ([]string, error) {
	words := []string{p.Email, p.FirstName, p.LastName, "planoauth"}
	if c.clientApp != nil {
		words = append(words, c.clientApp.Slug)
	}
	if c.session == nil {
		return words, nil
	}
	words = append(words, c.sessionApp.Slug)
	user, err := s.DB.UserByID(c.context(), c.session.UserID)
	if user != nil {
		words = append(words, user.Email, user.FirstName, user.LastName)
	}
	return words, err
}
