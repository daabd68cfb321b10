package tests

import (
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/gen/client"
)

// process is an env whose server is the real command, which can be killed and restarted.
type process struct {
	*env
	cmd         *exec.Cmd
	address     string
	environment []string
}

// startProcess starts the command on a database of its own, with the cheapest hashes.
func startProcess(t *testing.T, environment ...string) *process {
	t.Helper()
	e := &env{t: t, mandrill: startMandrill(t), database: newDatabase(t)}
	p := &process{env: e, address: freeAddress(t)}
	p.environment = append([]string{
		"DATABASE_URL=" + e.database, "MANDRILL_API_KEY=md-test-key", "MANDRILL_URL=" + e.mandrill.url, "MAIL_FROM=auth@planoauth.example",
		"ARGON2_MEMORY=8", "ARGON2_TIME=1", "THROTTLE_ADDRESS=0", "THROTTLE_REGISTRATIONS=0", "DRAIN_SECONDS=0",
	}, environment...)
	var err error
	e.pool, err = pgxpool.New(t.Context(), e.database)
	check(t, err)
	t.Cleanup(e.pool.Close)
	e.url = "http://" + p.address
	e.http = &http.Client{Transport: &recorder{t: t, next: &http.Transport{MaxIdleConnsPerHost: 100}}}
	t.Cleanup(e.http.CloseIdleConnections)
	e.api = connect(t, e.url, e.http)
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd, _ = serve(p.t.(*testing.T), p.address, p.environment...)
}

// kill sends SIGKILL and waits until the server has ended.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// hurry makes scheduled mail jobs due, and ends the claims of a killed server, as time would.
func (p *process) hurry() {
	p.exec("UPDATE mails SET claim = NULL, claimed_until = NULL")
	p.exec("UPDATE river_job SET scheduled_at = now() WHERE kind = 'send_mail' AND state IN ('scheduled', 'retryable')")
}

// TestKilledOverAMail kills the server between the steps of one mail. The next server sends the mail; a
// second time only if Mandrill had accepted it and the server had not read the answer.
func TestKilledOverAMail(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name        string
		at          mandrillStep
		job         bool // at a retry, else within the request
		least, most int  // mails
	}{
		{"the registration is saved and nothing is sent yet", connected, false, 1, 1},
		{"Mandrill has the mail and considers", asked, false, 1, 1},
		{"Mandrill has accepted and not said so", accepted, false, 2, 2},
		{"Mandrill has said so", answered, false, 1, 2},
		{"Mandrill considers a retry", asked, true, 1, 1},
		{"Mandrill has accepted a retry and not said so", accepted, true, 2, 2},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t)
			if row.job {
				p.mandrill.be("down")
				want[client.ClientsRegisterMandrillEmailFailed](p.api.ClientsRegister(t.Context(), registration("grace@example.com")))(t)
				p.mandrill.be("")
				p.hurry()
			}
			killed := p.killAt(row.at)
			if !row.job {
				if outcome, err := p.api.ClientsRegister(t.Context(), registration("grace@example.com")); err == nil && row.at != answered {
					t.Fatalf("the server was killed, but answered %s", outcome.Slug())
				}
			}
			select {
			case <-killed:
			case <-time.After(time.Minute):
				t.Fatal("the server was not killed")
			}
			p.within(time.Minute, "the call of the dead server can no longer be taken for good", p.mandrill.left)
			p.mandrill.be("")
			p.checkAfterKill(row.job)
			p.start()
			p.hurry()
			p.within(time.Minute, "the mail is sent", func() bool { return p.count("mails WHERE sent_at IS NOT NULL") == 1 })
			p.within(time.Minute, "the job is done", func() bool { return p.count("river_job WHERE kind = 'send_mail' AND state = 'completed'") == 1 })
			if n := len(p.mandrill.mails()); n < row.least || n > row.most {
				t.Errorf("%d mails were sent, not %d to %d", n, row.least, row.most)
			}
			if p.count("mails") != 1 || p.count("users") != 1 || p.count("notifications WHERE kind = 'mail-given-up'") != 0 {
				t.Error("there is not one user with one mail, or it was given up")
			}
		})
	}
}

// killAt kills the server when Mandrill reaches this step. A mail that Mandrill has not accepted by then is
// dropped.
func (p *process) killAt(step mandrillStep) (killed chan struct{}) {
	killed = make(chan struct{})
	var once sync.Once
	p.mandrill.at(func(reached mandrillStep) {
		if reached == step {
			once.Do(func() {
				p.kill()
				p.mandrill.be("drop")
				close(killed)
			})
		}
	})
	return killed
}

// checkAfterKill checks that the server was killed at the right moment. A job that was running is made a
// minute older, so that it counts as stuck; River rescues it within two minutes of its start.
func (p *process) checkAfterKill(job bool) {
	p.t.Helper()
	if p.count("users") != 1 || p.count("mails") != 1 {
		p.t.Fatal("there is not one user with one mail")
	}
	if !job {
		if p.count("river_job WHERE kind = 'send_mail' AND state = 'scheduled'") != 1 {
			p.t.Error("no job waits for the mail")
		}
		return
	}
	if p.count("river_job WHERE kind = 'send_mail' AND state = 'running'") != 1 {
		p.t.Error("the job is not as the server left it")
	}
	p.exec("UPDATE river_job SET attempted_at = now() - interval '61 seconds' WHERE state = 'running'")
	go func() {
		for p.t.Context().Err() == nil {
			p.pool.Exec(p.t.Context(), `UPDATE river_job SET scheduled_at = now() WHERE kind = 'send_mail' AND state = 'retryable'
				AND scheduled_at <= attempted_at + interval '2 minutes'`)
			time.Sleep(time.Second)
		}
	}()
}

// registrations are concurrent registrations, with what the test knows of each.
type registrations struct {
	mu       sync.Mutex
	answered map[string]bool // addresses whose registration was answered
	unsure   map[string]int  // how often a mail may be sent: once more than it had been when it was found waiting after a kill
}

// TestNoMailIsLostLong kills the server twenty times: during registrations, while Mandrill is down, and while
// jobs catch up. In the end every registered user has the welcome mail, and nobody else. No mail that is
// marked as sent is sent again.
func TestNoMailIsLostLong(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	p.mandrill.at(func(step mandrillStep) {
		if step == asked || step == accepted {
			time.Sleep(rand.N(10 * time.Millisecond))
		}
	})
	r := &registrations{answered: map[string]bool{}, unsure: map[string]int{}}
	for i := range 20 {
		if i == 9 {
			p.mandrill.be("down")
		}
		if i < 14 {
			p.loadUntilKilled(r, 50*time.Millisecond+rand.N(300*time.Millisecond))
		} else {
			sent := len(p.mandrill.mails())
			p.within(busyLimit, "the jobs catch up", func() bool {
				return len(p.mandrill.mails()) > sent || p.count("mails WHERE sent_at IS NULL") == 0
			})
			time.Sleep(rand.N(50 * time.Millisecond))
			p.kill()
		}
		p.noteUnsent(r)
		if i >= 13 {
			p.mandrill.be("")
			// All jobs become due at once, those of the killed server too, as they would after some minutes.
			p.exec(`UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'send_mail' AND state IN ('scheduled', 'retryable', 'running')`)
			p.exec("UPDATE mails SET claim = NULL, claimed_until = NULL")
		}
		p.start()
	}
	p.within(2*time.Minute, "all mails are sent", func() bool {
		return p.count("mails WHERE sent_at IS NULL")+p.count("river_job WHERE kind = 'send_mail' AND state <> 'completed'") == 0
	})
	p.checkMails(r)
}

// loadUntilKilled keeps eight registrations in flight until it kills the server after this time.
func (p *process) loadUntilKilled(r *registrations, after time.Duration) {
	var people sync.WaitGroup
	var over atomic.Bool
	for range 8 {
		people.Go(func() {
			for !over.Load() {
				params := registration("p" + strings.ToLower(crand.Text()) + "@example.com")
				outcome, err := p.api.ClientsRegister(p.t.Context(), params)
				if err != nil {
					continue // the server was killed over it, or is no more
				}
				switch outcome.(type) {
				case client.ClientsRegisterActionSuccessful, client.ClientsRegisterMandrillEmailFailed:
					r.mu.Lock()
					r.answered[params.Client.Email] = true
					r.mu.Unlock()
				default:
					p.t.Errorf("a registration answers %s", outcome.Slug())
				}
			}
		})
	}
	time.Sleep(after)
	p.kill()
	over.Store(true)
	people.Wait()
}

// sentTo counts the mails that Mandrill has accepted, by address.
func (p *process) sentTo() map[string]int {
	sent := map[string]int{}
	for _, m := range p.mandrill.mails() {
		sent[m.To]++
	}
	return sent
}

// noteUnsent records, while no server runs, the mails that are not marked as sent: only those may be sent
// again.
func (p *process) noteUnsent(r *registrations) {
	p.t.Helper()
	time.Sleep(100 * time.Millisecond) // for calls that Mandrill is handling
	sent := p.sentTo()
	for _, address := range p.addresses("SELECT to_email FROM mails WHERE sent_at IS NULL") {
		r.unsure[address] = sent[address] + 1
	}
}

func (p *process) addresses(query string) []string {
	p.t.Helper()
	rows, err := p.pool.Query(p.t.Context(), query)
	check(p.t, err)
	addresses, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(p.t, err)
	return addresses
}

func (p *process) checkMails(r *registrations) {
	sent, total, twice := p.sentTo(), len(p.mandrill.mails()), 0
	users := p.addresses("SELECT email FROM users")
	for _, address := range users {
		if n := sent[address]; n < 1 || n > max(1, r.unsure[address]) {
			p.t.Errorf("%s has %d mails, not 1 to %d", address, n, max(1, r.unsure[address]))
		}
		twice += sent[address] - 1
		delete(sent, address)
		delete(r.answered, address)
	}
	if len(r.answered) > 0 {
		p.t.Errorf("%d registrations were answered and are not there", len(r.answered))
	}
	if len(sent) > 0 {
		p.t.Errorf("%d people have a mail and are not registered", len(sent))
	}
	if len(r.unsure) == 0 || len(users) == 0 {
		p.t.Error("no kill met a mail that waits, so that this test has seen nothing")
	}
	fmt.Printf("mails: %d people, 20 kills, %d mails waiting at a kill, %d sent, %d of them again\n", len(users), len(r.unsure), total, twice)
}
