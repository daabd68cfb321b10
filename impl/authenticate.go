package impl

import (
	"net/http"
	"slices"
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/token"
)

// authenticate is step 7. A presented token must be valid, even where the operation needs none.
func (s *Server) authenticate(c *call) (gen.Outcome, error) {
	if c.backEnd == nil && len(c.req.Header[applicationHeader]) > 0 {
		return invalidToken, nil
	}
	text, presented := presentedToken(c)
	if !presented {
		return nil, nil
	}
	c.tokenPresented = true
	if token.HasShape(text, token.Application) && slices.Contains(c.op.TokenKinds, "application") {
		return s.authenticateApplication(c, text)
	}
	return s.admitToken(c, text, gen.TokenParamToken)
}

func (s *Server) authenticateApplication(c *call, text string) (gen.Outcome, error) {
	if c.clientApp = c.backEnd; !c.backEndBearer {
		c.clientApp = c.registry.application(text, c.now)
	}
	if c.clientApp == nil {
		return invalidToken, nil
	}
	if c.backEnd == nil { // the token is a param, which nobody could read before the rate limit
		s.actFor(c, c.clientApp)
	}
	c.metricsApp = c.clientApp.Slug
	return nil, nil
}

// presentedToken returns the token of the Authorization header, else that of the param. It is "" for a header
// or a param of another form.
func presentedToken(c *call) (token string, presented bool) {
	if token, presented = bearerToken(c.req); presented {
		return token, true
	}
	param, presented := c.params["token"]
	token, _ = param.(string)
	return token, presented
}

// bearerToken returns the token of the Authorization header, "" for a header of another form.
func bearerToken(req *http.Request) (token string, presented bool) {
	values := req.Header["Authorization"]
	if len(values) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

// tokenRefusal is an outcome that refuses a session's token.
type tokenRefusal interface {
	gen.Outcome
	gen.SessionsReadResponseObject
}

// admitToken makes the session of a token the session of the call, or refuses the token with the name of its
// param.
func (s *Server) admitToken(c *call, text string, param gen.TokenParam) (tokenRefusal, error) {
	if !token.HasShape(text, token.Session) {
		return gen.InvalidToken{Param: param}, nil
	}
	digest := token.Digest(text)
	session, err := s.findSession(c, text, digest)
	if err != nil {
		return nil, err
	}
	refusal := s.admit(c, session, param)
	if refusal == nil {
		c.session = s.Sessions.Touch(&c.ctx, digest, session, c.now)
	}
	return refusal, nil
}

// findSession finds the session of a token, nil if there is none. Only sessions/read accepts a session from
// the cache: products call it on each of their requests.
func (s *Server) findSession(c *call, text string, digest [32]byte) (*db.Session, error) {
	cached := c.op != nil && c.op.ID == gen.OperationSessionsRead
	if cached {
		if session := s.Sessions.Find(digest); session != nil {
			return session, nil
		}
	}
	if !token.WellFormed(text, token.Session) || s.madeUpSessions.Unknown(c.network(), digest, c.now) {
		return nil, nil
	}
	read := s.Sessions.Read
	if cached {
		read = s.Sessions.Load
	}
	session, err := read(c.context(), digest)
	if session == nil && err == nil {
		s.madeUpSessions.Count(c.network(), digest, c.now)
	}
	return session, err
}

// admit checks a session at each use: its lifetime, and the records and roles of its user. An application may check
// only sessions made for it, and none of a user without a record. Pages, which are not operations, accept users without
// a record.
func (s *Server) admit(c *call, session *db.Session, param gen.TokenParam) tokenRefusal {
	if session == nil {
		return gen.InvalidToken{Param: param}
	}
	c.concernsSession(session)
	app := c.registry.appsByID[session.ApplicationID]
	if app == nil || c.clientApp != nil && c.clientApp != app {
		return gen.InvalidToken{Param: param}
	}
	c.metricsApp = app.Slug
	if reason, endedAt := c.expiry(session); reason != "" {
		if !session.User.RememberMe && !c.now.Before(endedAt.Add(sessionRetention)) {
			return gen.InvalidToken{Param: param}
		}
		return gen.SessionExpired{Param: param, Data: gen.Expiry{Reason: reason, EndedAt: timeText(endedAt)}}
	}
	switch accessOf(&session.User, app) {
	case noRecord:
		if c.op != nil && !c.op.OpenToRecordless || c.clientApp != nil {
			return gen.ClientRequired{Param: param, Session: sessionView(gen.Default, session, app, "")}
		}
	case noRole, suspended:
		return gen.InvalidToken{Param: param}
	case admitted:
	}
	c.session, c.sessionApp = session, app
	return nil
}
