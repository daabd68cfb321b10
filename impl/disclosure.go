package impl

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
)

// opaque tells whether answers must not tell strangers who has an account.
func (s *Server) opaque() bool { return s.Settings.Disclosure == "opaque" }

// linkRequest asks for a link to be mailed. It is also the job that does so where answers are opaque: the request does the same
// for each e-mail address, and the job finds out whether there is somebody to mail to.
type linkRequest struct {
	LinkKind    string    `json:"kind"`
	Email       string    `json:"email"`
	Application int64     `json:"application"`
	RedirectURL string    `json:"redirect_url"`
	Time        time.Time `json:"time"`
	IP          string    `json:"ip"`
	UserAgent   string    `json:"user_agent"`
}

// Kind names the job in the queue.
func (linkRequest) Kind() string { return "mail_link" }

func (r linkRequest) facts() mailFacts {
	return mailFacts{Time: r.Time, IP: r.IP, UserAgent: r.UserAgent}
}

func (s *Server) queueLink(ctx context.Context, tx bun.Tx, request linkRequest) error {
	_, err := s.queue.insert.InsertTx(ctx, tx.Tx, request, nil)
	return err
}

type linkWorker struct {
	river.WorkerDefaults[linkRequest]
	server *Server
}

// Work makes the link and queues its mail, if a user has the address, and unless so much time has passed that it would be dead.
func (w *linkWorker) Work(ctx context.Context, job *river.Job[linkRequest]) error {
	err := w.server.mailRequestedLink(ctx, job.Args)
	if err != nil {
		w.server.Log.Warn("a requested link could not be made", "kind", job.Args.LinkKind, "attempt", job.Attempt, "cause", err.Error())
	}
	return err
}

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
	if errors.Is(err, errNewer) || violates(err, "links_user_id_fkey") || violates(err, "links_application_id_fkey") {
		return nil
	}
	return err
}
