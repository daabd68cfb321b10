package impl

import (
	"log/slog"

	"github.com/planoauth/planoauth/db"
)

// subject holds the ids of a call's user, session and application for its log lines. An id is 0 while it is not known.
// Log lines never contain tokens and e-mail addresses.
type subject struct{ user, session, application int64 }

// concerns makes the user the subject of the call, if there is one.
func (c *call) concerns(user *db.User) {
	if user != nil {
		c.subject.user = user.ID
	}
}

// concernsLink makes the user and the application of a link the subject of the call, if there is one.
func (c *call) concernsLink(user *db.User, app *db.Application) {
	if c.concerns(user); app != nil {
		c.subject.application = app.ID
	}
}

// concernsSession makes a session and its user the subject of the call.
func (c *call) concernsSession(session *db.Session) {
	c.subject = subject{session.UserID, session.ID, session.ApplicationID}
}

// namedApp returns the application that the params name by its slug, or by its id in an administrative operation. It
// is nil if they name none that exists.
func (c *call) namedApp() *db.Application {
	if c.aboutApp != nil {
		return c.aboutApp
	}
	name, ok := c.params["application"].(string)
	if !ok {
		return nil
	}
	return c.registry.appsBySlug[name]
}

// subjectAttrs appends the ids of the subject that are known. The application is the one that the params name,
// else the one that calls, else the session's.
func (c *call) subjectAttrs(attrs []slog.Attr) []slog.Attr {
	about := c.subject
	if app := c.namedApp(); app != nil {
		about.application = app.ID
	} else if c.clientApp != nil {
		about.application = c.clientApp.ID
	}
	if about.user != 0 {
		attrs = append(attrs, slog.Int64("user_id", about.user))
	}
	if about.session != 0 {
		attrs = append(attrs, slog.Int64("session_id", about.session))
	}
	if about.application != 0 {
		attrs = append(attrs, slog.Int64("application_id", about.application))
	}
	return attrs
}

// log returns the logger for what happens in this call: its lines name the request, its operation and its
// subject.
func (s *Server) log(c *call) *slog.Logger {
	attrs := []slog.Attr{slog.String("request_id", c.id), slog.String("operation", c.operation())}
	return slog.New(s.Log.Handler().WithAttrs(c.subjectAttrs(attrs)))
}
