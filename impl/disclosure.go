package impl

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/mailer"
)

// opaque reports whether answers must hide who has an account (DISCLOSURE=opaque).
func (s *Server) opaque() bool { return s.Settings.Disclosure == "opaque" }

// linkRequest is a request to mail a link. With opaque answers it is also the job that does so: the request
// then does the same for every e-mail address, and only the job looks up whether a user has it.
type linkRequest struct {
	LinkKind    db.LinkKind `json:"kind"`
	Email       string      `json:"email"`
	Application int64       `json:"application"`
	RedirectURL string      `json:"redirect_url"`
	Time        time.Time   `json:"time"`
	IP          string      `json:"ip"`
	UserAgent   string      `json:"user_agent"`
}

// Kind returns the name of the job in the queue.
func (linkRequest) Kind() string { return "mail_link" }

// mailFacts describe the request in the mail that brings the link.
func (r linkRequest) mailFacts(link string) mailer.Facts {
	return mailer.Facts{Time: r.Time, IP: r.IP, UserAgent: r.UserAgent, Link: link}
}

func (s *Server) queueLink(ctx context.Context, tx bun.Tx, request linkRequest) error {
	_, err := s.jobInserter.InsertTx(ctx, tx.Tx, request, nil)
	return err
}

type linkWorker struct {
	river.WorkerDefaults[linkRequest]
	server *Server
}

// Work creates the link and queues its mail.
func (w *linkWorker) Work(ctx context.Context, job *river.Job[linkRequest]) error {
	err := w.server.mailRequestedLink(ctx, job.Args)
	if err != nil {
		w.server.Log.Warn("creating a requested link failed", "kind", job.Args.LinkKind, "attempt", job.Attempt, "cause", err.Error())
	}
	return err
}

// mailRequestedLink does nothing if no user has the address, or if the link would have expired by now.
func (s *Server) mailRequestedLink(ctx context.Context, request linkRequest) error {
	if s.Now().Sub(request.Time) >= linkLifetimes[request.LinkKind] {
		return nil
	}
	user, err := s.DB.UserByEmail(ctx, request.Email)
	if user == nil || err != nil {
		return err
	}
	app := s.registry.newest.Load().appsByID[request.Application]
	if app == nil {
		return nil
	}
	err = s.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := s.mailLink(ctx, tx, user, app, request, 0)
		return err
	})
	if errors.Is(err, db.ErrSuperseded) || db.Violates(err, db.LinksUserIDFkey) || db.Violates(err, db.LinksApplicationIDFkey) {
		return nil
	}
	return err
}
