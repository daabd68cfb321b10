package impl

import (
	"database/sql"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/web"
)

// startPage is the data of the start page.
type startPage struct {
	Mailbox string              // the path of the development mailbox, "" where mails are really sent
	People  []admin.FirstPerson // of a development server
}

// showStart answers with the start page. It shows people to sign in as where it shows the development mailbox.
func (s *Server) showStart(ec echo.Context) error {
	page := startPage{Mailbox: s.mailboxPath(ec.Request())}
	if page.Mailbox != "" {
		var err error
		if page.People, err = s.firstPeople(callOf(ec.Request().Context())); err != nil {
			return err
		}
	}
	return s.showReading(ec, web.Reading{Name: "start", Title: "Start", Data: page})
}

// firstPeople returns those who still exist, without the passwords that were changed.
func (s *Server) firstPeople(c *call) (people []admin.FirstPerson, _ error) {
	for _, person := range s.Settings.FirstPeople {
		var user db.User
		err := s.DB.NewSelect().Model(&user).Where("email = ?", person.Email).Scan(c.context())
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return nil, err
		}
		match, _, err := s.Passwords.Verify(c.context(), c.network(), person.Password, user.PasswordHash)
		if err != nil {
			return nil, err
		}
		if !match {
			person.Password = ""
		}
		people = append(people, person)
	}
	return people, nil
}
