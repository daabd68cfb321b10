package impl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/background"
	"github.com/planoauth/planoauth/impl/mailer"
)

const (
	requestWait = 5 * time.Second        // for the provider's answer, within a request
	resultWait  = 500 * time.Millisecond // for the result to be saved after that, within a request

	maxDeliveries   = 256              // mails that one replica sends at once
	deliveryTimeout = 30 * time.Minute // all steps of an SMTP session together (RFC 5321 4.5.3.2)
	mailSaveTimeout = 5 * time.Second  // for one statement about a mail
	mailSavePause   = 500 * time.Millisecond

	claimRenewal = db.MailClaim / 3
	claimPoll    = time.Second
	// abandonedAfter is how long a job watches the claim of another attempt until that counts as dead. While the
	// database was away, no attempt could renew its claim or save that the mail was sent.
	abandonedAfter = db.MailClaim + claimRenewal
)

// deliveries are the attempts of one replica to send mails. An attempt goes on after the request that began it, and
// after its job's time limit: if it were interrupted, the mail might be sent already, and would be sent twice.
type deliveries struct {
	slots   chan struct{}
	running sync.WaitGroup
	ctx     context.Context // ends when the server can wait no longer
	abort   context.CancelFunc
}

func newDeliveries() *deliveries {
	d := &deliveries{slots: make(chan struct{}, maxDeliveries)}
	d.ctx, d.abort = context.WithCancel(context.Background())
	return d
}

// finish waits until no mail is being sent, or ctx ends.
func (d *deliveries) finish(ctx context.Context) {
	ended := make(chan struct{})
	go func() { d.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// delivery is one attempt to send a claimed mail.
type delivery struct {
	mail     db.Mail
	err      error         // set when answered is closed
	answered chan struct{} // closed when the provider has answered
	done     chan struct{} // closed when the result is saved
}

var (
	errNoAnswer  = fmt.Errorf("no answer within %v; it is still awaited", requestWait)
	errNoSlot    = errors.New("too many other mails are being sent")
	errAttempted = errors.New("another attempt is still sending the mail")
)

// deliverNow sends a mail that the request has claimed. It waits for the provider no longer than a request
// may; the attempt goes on.
func (s *Server) deliverNow(ctx context.Context, m *db.Mail) error {
	timer := time.NewTimer(requestWait)
	defer timer.Stop()
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestWait)
	defer cancel()
	d, err := s.startDelivery(waiting, m)
	if err != nil {
		return err
	}
	select {
	case <-d.answered:
	case <-timer.C:
		return errNoAnswer
	}
	timer.Reset(resultWait)
	select {
	case <-d.done:
	case <-timer.C:
	}
	return d.err
}

// startDelivery begins to send a claimed mail. ctx limits the wait for a slot only.
func (s *Server) startDelivery(ctx context.Context, m *db.Mail) (*delivery, error) {
	select {
	case s.deliveries.slots <- struct{}{}:
	case <-ctx.Done():
		s.releaseMail(ctx, m)
		return nil, errNoSlot
	}
	d := &delivery{mail: *m, answered: make(chan struct{}), done: make(chan struct{})}
	s.deliveries.running.Go(func() {
		defer func() { <-s.deliveries.slots }()
		defer close(d.done)
		s.carryOut(context.WithoutCancel(ctx), d)
	})
	return d, nil
}

// carryOut sends a mail and saves the result. It keeps the claim for all that time.
func (s *Server) carryOut(ctx context.Context, d *delivery) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.deliveries.ctx, cancel)()
	id, claim := d.mail.ID, d.mail.Claim
	renewing := time.AfterFunc(claimRenewal, func() {
		background.Every(ctx, claimRenewal, nil, func(ctx context.Context) { s.renewMailClaim(ctx, id, claim) })
	})
	defer renewing.Stop()

	d.err = s.callMailer(ctx, &d.mail)
	close(d.answered)
	switch {
	case d.err == nil:
		d.mail.SentAt = s.Now()
	case errors.Is(d.err, mailer.ErrRejected):
		d.mail.FailedAt = s.Now()
	default:
		if s.deliveries.ctx.Err() == nil { // else it may have been sent: the claim has to run out
			s.releaseMail(ctx, &d.mail)
		}
		return
	}
	s.saveResult(ctx, &d.mail)
}

// callMailer turns a panic of the mailer into an error.
func (s *Server) callMailer(ctx context.Context, m *db.Mail) (err error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = &panicked{cause, debug.Stack()}
		}
	}()
	return s.Mailer.Send(ctx, m)
}

// saveResult saves that a mail was sent or rejected. It tries until the database is back, since the mail
// would otherwise be sent again.
func (s *Server) saveResult(ctx context.Context, m *db.Mail) {
	for failed := false; ctx.Err() == nil; failed = true {
		saving, cancel := context.WithTimeout(ctx, mailSaveTimeout)
		err := s.finishMail(saving, m)
		cancel()
		if err == nil {
			return
		}
		if !failed {
			s.Log.Error("saving the result of a mail failed, trying again", "mail", m.ID, "cause", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(mailSavePause):
		}
	}
}

// finishMail saves that a mail was sent or given up. It deletes the mail about a deletion, the last trace of a user.
func (s *Server) finishMail(ctx context.Context, m *db.Mail) error {
	if m.Kind == string(mailer.AccountDeleted) {
		_, err := s.DB.NewDelete().Model(m).WherePK().Exec(ctx)
		return err
	}
	return s.DB.FinishMail(ctx, m)
}

// renewMailClaim does not log a failure: the next renewal follows soon.
func (s *Server) renewMailClaim(ctx context.Context, id int64, claim string) {
	ctx, cancel := context.WithTimeout(ctx, mailSaveTimeout)
	defer cancel()
	_ = s.DB.RenewMailClaim(ctx, id, claim)
}

// releaseMail lets the next attempt begin at once. If it fails, the next attempt waits until the claim has run out.
func (s *Server) releaseMail(ctx context.Context, m *db.Mail) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailSaveTimeout)
	defer cancel()
	_ = s.DB.ReleaseMail(ctx, m.ID, m.Claim)
}

// claimMail claims a queued mail for a job. It returns nil if the mail is no longer queued. If another attempt has
// claimed the mail, it waits until that one has ended or counts as dead, or returns errAttempted if that one is alive.
func (s *Server) claimMail(ctx context.Context, id int64) (*db.Mail, error) {
	claim, other, abandoned := rand.Text(), "", ""
	var seen time.Time // when the other claim was seen first
	for {
		m := &db.Mail{ID: id}
		if err := s.DB.ClaimMail(ctx, m, claim, abandoned); err != nil {
			return nil, err
		}
		switch m.Claim {
		case claim:
			return m, nil
		case "":
			return nil, nil
		case abandoned:
			return nil, errAttempted
		case other:
			if time.Since(seen) > abandonedAfter {
				abandoned = other
			}
		default:
			other, seen = m.Claim, time.Now()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(claimPoll):
		}
	}
}
