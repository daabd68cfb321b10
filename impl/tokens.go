package impl

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

const (
	sessionPrefix     = "plas_"
	applicationPrefix = "plaa_"
	tokenLength       = 61 // characters, the prefix too
)

// tokenText is base32 in lower case: letters and digits only, so that a double click selects a token whole.
var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// invalidToken refuses the presented token.
var invalidToken = gen.InvalidToken{Param: gen.TokenParamToken}

// newToken makes a token of 256 random bits and a checksum. Only its digest is ever stored.
func newToken(prefix string) (token string, digest []byte) {
	var bits [35]byte
	rand.Read(bits[:32])
	sum := tokenSum(prefix, bits[:32])
	copy(bits[32:], sum[:])
	token = prefix + tokenText.EncodeToString(bits[:])
	return token, digestOf(token)
}

// NewApplicationToken makes a token of an application.
func NewApplicationToken() (token string, digest []byte) { return newToken(applicationPrefix) }

func digestOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// tokenSum is the last 24 bits of a CRC-32 over prefix and bits: a mistyped token is refused without a query.
func tokenSum(prefix string, bits []byte) [3]byte {
	crc := crc32.Update(crc32.ChecksumIEEE([]byte(prefix)), crc32.IEEETable, bits)
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc)
	return [3]byte(sum[1:])
}

func wellFormed(token, prefix string) bool {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(token) != tokenLength {
		return false
	}
	bits, err := tokenText.DecodeString(text)
	return err == nil && [3]byte(bits[32:]) == tokenSum(prefix, bits[:32])
}

// authenticate is step 7. A token that was presented must be good, even where none is needed.
func (s *Server) authenticate(c *call) (gen.Outcome, error) {
	token, presented := presentedToken(c)
	if !presented {
		return nil, nil
	}
	c.tokenPresented = true
	if len(token) == tokenLength && strings.HasPrefix(token, applicationPrefix) && slices.Contains(c.op.TokenKinds, "application") {
		if c.caller = c.registry.appsByToken[sha256.Sum256([]byte(token))]; c.caller == nil {
			return invalidToken, nil
		}
		c.about = c.caller.Slug
		return nil, nil
	}
	return s.admitToken(c, token, gen.TokenParamToken)
}

// presentedToken is the token of the Authorization header, or else that of the param; "" stands for one that cannot be read.
func presentedToken(c *call) (token string, presented bool) {
	if values := c.req.Header["Authorization"]; len(values) > 0 {
		scheme, token, _ := strings.Cut(values[0], " ")
		if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
			return "", true
		}
		return strings.TrimSpace(token), true
	}
	param, presented := c.params["token"]
	token, _ = param.(string)
	return token, presented
}

// tokenRefusal is an outcome that refuses a session's token.
type tokenRefusal interface {
	gen.Outcome
	gen.SessionsReadResponseObject
}

// admitToken finds the session of a token and admits it to the call, or refuses the token, naming the param that it came in.
func (s *Server) admitToken(c *call, token string, param gen.TokenParam) (tokenRefusal, error) {
	if len(token) != tokenLength {
		return gen.InvalidToken{Param: param}, nil
	}
	digest := sha256.Sum256([]byte(token))
	session, err := s.findSession(c, token, digest)
	if err != nil {
		return nil, err
	}
	refusal := s.admit(c, session, param)
	if refusal == nil {
		s.use(c, digest)
	}
	return refusal, nil
}

// findSession looks a session up, nil when there is none. What only reads sessions, on each request of a product, is content
// with one that it has found before.
func (s *Server) findSession(c *call, token string, digest [32]byte) (*db.Session, error) {
	cached := c.op.ID == "sessionsRead"
	if cached {
		if session := s.sessions.find(digest, s.Now()); session != nil {
			return session, nil
		}
	}
	if !wellFormed(token, sessionPrefix) {
		return nil, nil
	}
	changes := s.sessions.changes.Load()
	session, err := s.DB.SessionByToken(c.req.Context(), digest[:])
	if session == nil || err != nil {
		return nil, err
	}
	session.LastUsedAt = s.uses.last(session.ID, session.LastUsedAt)
	if cached {
		s.sessions.keep(digest, session, c.began, changes)
	}
	return session, nil
}

// admit judges a session at each use: its limits, the records of its user, and the roles that they give. An application sees
// only the sessions that were made for it, and none of a user without a record.
func (s *Server) admit(c *call, session *db.Session, param gen.TokenParam) tokenRefusal {
	if session == nil {
		return gen.InvalidToken{Param: param}
	}
	app := c.registry.appsByID[session.ApplicationID]
	if app == nil || c.caller != nil && c.caller != app {
		return gen.InvalidToken{Param: param}
	}
	c.about = app.Slug
	if reason, endedAt := expiry(session, c.now); reason != "" {
		if !c.now.Before(endedAt.Add(sessionRetention)) {
			return gen.InvalidToken{Param: param}
		}
		return gen.SessionExpired{Param: param, Data: gen.Expiry{Reason: reason, EndedAt: timeText(endedAt)}}
	}
	switch accessOf(&session.User, app) {
	case noRecord:
		if !c.op.OpenToRecordless || c.caller != nil {
			return gen.ClientRequired{Param: param, Session: sessionView(gen.Default, session, app, "")}
		}
	case noRole:
		return gen.InvalidToken{Param: param}
	}
	c.session, c.app = session, app
	return nil
}

// permit is step 9: where an operation is for certain roles, the user must have one of them in the session's application.
func (s *Server) permit(c *call) (gen.Outcome, error) {
	if len(c.op.Roles) == 0 {
		return nil, nil
	}
	for _, role := range c.session.User.Records.Roles(c.app.Admits) {
		if slices.Contains(c.op.Roles, role) {
			return nil, nil
		}
	}
	return gen.PermissionDenied{}, nil
}
