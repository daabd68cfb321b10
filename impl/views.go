package impl

import (
	"slices"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// timeText formats a time for answers: RFC 3339 in UTC with milliseconds, or "" for the zero time.
func timeText(t time.Time) gen.Time {
	if t.IsZero() {
		return ""
	}
	text := t.UTC().AppendFormat(make([]byte, 0, 24), time.RFC3339) // much faster than a layout with milliseconds
	ms := t.Nanosecond() / 1e6
	text = append(text[:len(text)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
	return string(text)
}

// sessionView selects the fields of a session. The token is "" except in the answer that makes the session.
func sessionView(view gen.View, s *db.Session, app *db.Application, token string) gen.Session {
	shown := gen.Session{ID: s.ID, Application: app.Slug, Token: token}
	if !s.User.RememberMe {
		shown.ExpiresAt = timeText(s.CreatedAt.Add(sessionLifetime))
	}
	if view == gen.Minimal {
		return shown
	}
	shown.User = userView(gen.Minimal, &s.User)
	shown.Roles = s.User.Records.Roles(app.Admits)
	shown.RedirectURL = s.RedirectURL
	shown.CreatedAt, shown.LastUsedAt = timeText(s.CreatedAt), timeText(s.LastUsedAt)
	if !s.User.RememberMe {
		shown.IdleExpiresAt = timeText(s.LastUsedAt.Add(sessionIdleLimit))
	}
	if view != gen.Full {
		return shown
	}
	shown.IP, shown.UserAgent, shown.Method, shown.ApplicationName = s.IP, s.UserAgent, gen.SignInMethod(s.Method), app.Name
	shown.Records = s.User.Records.Kinds()
	if app.Slug == "planoauth" && slices.Contains(shown.Roles, string(db.RoleEmployee)) {
		shown.Access = gen.Access(s.User.Access)
	}
	return shown
}

func userView(view gen.View, u *db.User) gen.User {
	shown := gen.User{ID: u.ID, Email: u.Email, EmailVerified: new(!u.EmailVerifiedAt.IsZero())}
	if view == gen.Minimal {
		return shown
	}
	shown.FirstName, shown.LastName, shown.Phone = u.FirstName, u.LastName, u.Phone
	shown.Locale = gen.Locale(u.Locale)
	shown.HasPassword = new(u.HasPassword())
	shown.CreatedAt = timeText(u.CreatedAt)
	if view != gen.Full {
		return shown
	}
	shown.Records = u.Records.Kinds()
	shown.Preferences = &gen.Preferences{RememberMe: u.RememberMe}
	shown.GoogleLinked = new(u.GoogleSubject != "")
	return shown
}

func clientView(view gen.View, client *db.Client, u *db.User) gen.ClientRecord {
	shown := gen.ClientRecord{ID: client.ID, Email: u.Email}
	if view == gen.Minimal {
		return shown
	}
	shown.FirstName, shown.LastName, shown.Phone = u.FirstName, u.LastName, u.Phone
	shown.CompanyID, shown.CompanyName = client.CompanyID, client.CompanyName
	shown.CompanyConfirmed, shown.Enterprise, shown.Active = &client.CompanyConfirmed, &client.Enterprise, &client.Active
	shown.CreatedAt = timeText(client.CreatedAt)
	if view == gen.Full {
		shown.User = userView(gen.Minimal, u)
	}
	return shown
}

func employeeView(view gen.View, e *db.Employee, u *db.User) gen.Employee {
	shown := gen.Employee{ID: e.ID, Email: u.Email}
	if view == gen.Minimal {
		return shown
	}
	shown.FirstName, shown.LastName, shown.Access, shown.Active = u.FirstName, u.LastName, gen.Access(e.Access), &e.Active
	shown.CreatedAt = timeText(e.CreatedAt)
	if view == gen.Full {
		shown.User = userView(gen.Minimal, u)
	}
	return shown
}

func liaisonView(view gen.View, l *db.Liaison, u *db.User) gen.Liaison {
	shown := gen.Liaison{ID: l.ID, Email: u.Email}
	if view == gen.Minimal {
		return shown
	}
	shown.FirstName, shown.LastName, shown.Active = u.FirstName, u.LastName, &l.Active
	shown.CreatedAt = timeText(l.CreatedAt)
	if view == gen.Full {
		shown.User = userView(gen.Minimal, u)
	}
	return shown
}

func companyView(view gen.View, c *db.Company) gen.Company {
	shown := gen.Company{ID: c.ID, Name: c.Name}
	if view != gen.Minimal {
		shown.Active, shown.CreatedAt = &c.Active, timeText(c.CreatedAt)
	}
	return shown
}

func applicationView(view gen.View, app *db.Application) gen.Application {
	shown := gen.Application{ID: app.ID, Slug: app.Slug, Name: app.Name}
	if view == gen.Minimal {
		return shown
	}
	shown.URL, shown.Admits, shown.CreatedAt = app.URL, db.RoleNames(app.Admits), timeText(app.CreatedAt)
	if view == gen.Full {
		shown.RedirectOrigins, shown.LegacySlugs, shown.SignInMail = app.RedirectOrigins, &app.LegacySlugs, &app.SignInMail
		shown.AccentColor, shown.HasLogo, shown.SupportURL = app.AccentColor, new(app.LogoDigest != ""), app.SupportURL
	}
	return shown
}

func notificationView(view gen.View, n *db.Notification) gen.Notification {
	shown := gen.Notification{ID: n.ID, Kind: n.Kind, CreatedAt: timeText(n.CreatedAt)}
	if view == gen.Minimal {
		return shown
	}
	shown.Operation, shown.Message, shown.RequestID = n.Operation, n.Message, n.RequestID
	shown.Count, shown.AcknowledgedAt = n.Count, timeText(n.AcknowledgedAt)
	if view == gen.Full {
		shown.AcknowledgedBy = n.AcknowledgedBy
	}
	return shown
}

// notificationColumns lists the columns that the view needs.
func notificationColumns(view gen.View) []string {
	columns := []string{"id", "kind", "created_at", "operation", "message", "request_id", "count", "acknowledged_at", "acknowledged_by"}
	switch view {
	case gen.Minimal:
		return columns[:3]
	case gen.Full:
		return columns
	case gen.Default:
	}
	return columns[:8]
}

// optionalSession is the value of the key session, absent unless its view was passed.
func optionalSession(view gen.View, session *db.Session, app *db.Application, token string) gen.Session {
	if view == "" {
		return gen.Session{}
	}
	return sessionView(view, session, app, token)
}

// optionalApplication is the value of the key application, absent unless its view was passed.
func optionalApplication(view gen.View, app *db.Application) gen.Application {
	if view == "" {
		return gen.Application{}
	}
	return applicationView(view, app)
}
