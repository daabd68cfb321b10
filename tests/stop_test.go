package tests

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// get returns the code and the body of an answer, on a connection of its own.
func (p *process) get(path string, header ...string) (code int, body string) {
	p.t.Helper()
	req, err := http.NewRequest("GET", p.url+path, nil)
	check(p.t, err)
	req.Close = true
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	check(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(p.t, err)
	return res.StatusCode, string(text)
}

// ended waits until the server has ended, and returns how.
func (p *process) ended(limit time.Duration) error {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		p.t.Fatalf("the server has not ended after %v", limit)
		return nil
	}
}

// TestDraining: after SIGTERM the server is not ready any longer, but goes on with new connections too, for
// DRAIN_SECONDS. It finishes what is under way, and exits without an error.
func TestDraining(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "DRAIN_SECONDS=2")
	token := p.signIn(p.user(person{client: true}))
	reached, answer := make(chan struct{}), make(chan struct{})
	p.mandrill.at(func(step mandrillStep) {
		if step == asked {
			close(reached)
			<-answer
		}
	})
	registered := make(chan client.Outcome, 1)
	go func() {
		outcome, err := p.api.ClientsRegister(context.Background(), registration("grace@example.com"))
		if err != nil {
			t.Error(err)
		}
		registered <- outcome
	}()
	<-reached
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.within(busyLimit, "it is not ready", func() bool { code, _ := p.get("/health/ready"); return code == 503 })
	if code, reason := p.get("/health/ready"); code != 503 || !strings.Contains(reason, "draining") {
		t.Errorf("/health/ready answers %d %s", code, reason)
	}
	if code, _ := p.get("/health/live"); code != 200 {
		t.Errorf("/health/live answers %d", code)
	}
	req, err := http.NewRequest("POST", p.url+"/api/v1/sessions/read", strings.NewReader("{}"))
	check(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	check(t, err)
	res.Body.Close()
	if res.StatusCode != 200 || !res.Close {
		t.Errorf("a request while draining is answered %d, and its connection ends: %v", res.StatusCode, res.Close)
	}
	p.within(busyLimit, "nothing new is accepted", func() bool {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(answer)
	if outcome := <-registered; outcome == nil || outcome.Slug() != "action-successful" {
		t.Errorf("the request under way is answered %v", outcome)
	}
	check(t, p.ended(busyLimit))
}

// TestStopWhileTheDatabaseHangsLong: everything ends within 15 seconds after the drain.
func TestStopWhileTheDatabaseHangsLong(t *testing.T) {
	t.Parallel()
	p, between := startBehindProxy(t, "DRAIN_SECONDS=1")
	token := p.signIn(p.user(person{client: true}))
	p.exec("UPDATE sessions SET last_used_at = last_used_at - interval '10 minutes'")
	between.be(hung)
	go p.api.UsersRead(context.Background(), client.UsersReadParams{}, client.WithToken(token))
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	check(t, p.ended(17*time.Second))
}

// TestSecondSignal ends the server at once, whatever it waits for.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "DRAIN_SECONDS=3600")
	check(t, p.cmd.Process.Signal(os.Interrupt))
	p.within(busyLimit, "it is draining", func() bool { code, _ := p.get("/health/ready"); return code == 503 })
	check(t, p.cmd.Process.Signal(os.Interrupt))
	if err := p.ended(busyLimit); err == nil {
		t.Error("a server that was interrupted twice ends as if all was finished")
	}
}

// startBehindProxy starts the command with a proxy before its database.
func startBehindProxy(t *testing.T, environment ...string) (*process, *pgProxy) {
	t.Helper()
	between := startPGProxy(t, cluster.Host+":"+cluster.Port)
	p := startProcess(t, environment...)
	p.kill()
	p.environment = append(p.environment, "DATABASE_URL="+between.through(t, p.database))
	p.start()
	return p, between
}

// TestLogWithoutReader: the server goes on when the reader of its log goes away.
func TestLogWithoutReader(t *testing.T) {
	t.Parallel()
	name, err := program()
	check(t, err)
	address := freeAddress(t)
	read, written, err := os.Pipe()
	check(t, err)
	defer read.Close()
	mandrill := startMandrill(t)
	cmd := command(t, name, "serve")
	cmd.Env = append(cmd.Env, "DRAIN_SECONDS=0", "ADDR="+address, "DATABASE_URL="+newDatabase(t), "MANDRILL_API_KEY=x", "MANDRILL_URL="+mandrill.url, "MAIL_FROM=a@example.com")
	cmd.Stdout, cmd.Stderr = written, written
	check(t, cmd.Start())
	written.Close()
	e := &env{t: t, url: "http://" + address, http: http.DefaultClient}
	e.within(busyLimit, "it is ready", func() bool {
		res, err := http.Get(e.url + "/health/ready")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == 200
	})
	read.Close()
	api := connect(t, e.url, http.DefaultClient)
	mandrill.be("down")
	for range 3 { // each fails to mail, which is a warning: its line is written before the answer
		want[client.ClientsRegisterMandrillEmailFailed](api.ClientsRegister(t.Context(), registration("x"+strconv.Itoa(int(time.Now().UnixNano()))+"@example.com")))(t)
	}
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	check(t, cmd.Wait())
}

// TestHeaders: 6 kB of headers pass, and more than 32 KiB never.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	for size, want := range map[int]int{6 << 10: 200, 32<<10 + 1: 431, 1 << 20: 431} {
		if code, body := p.get("/health/live", "X-Large", strings.Repeat("x", size)); code != want || strings.Contains(body, "{") {
			t.Errorf("%d bytes of headers are answered %d %s", size, code, body)
		}
	}
}

// TestUseIsKeptAfterAKill: a use of a session after more than an hour is written before it is answered.
func TestUseIsKeptAfterAKill(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"sessions/read", "users/read"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t)
			token := p.signIn(p.user(person{client: true}))
			p.exec("UPDATE sessions SET last_used_at = now() - interval '71 hours'")
			a := p.send("POST", "/api/v1/"+path, []byte("{}"), append(bearer(token), "Content-Type", "application/json")...)
			p.kill()
			if a.status() != "action-successful" || p.count("sessions WHERE last_used_at > now() - interval '1 minute'") != 1 {
				t.Errorf("the answer is %s, and the use is lost", a.status())
			}
		})
	}
}

// TestEmbeddedPostgresDies: it is started again with its data, whatever ends it.
func TestEmbeddedPostgresDies(t *testing.T) {
	t.Parallel()
	data, address := filepath.Join(postgresDir(t), "data"), freeAddress(t)
	cmd, _ := serve(t, address, "DATA_DIR="+data, "ARGON2_MEMORY=8", "ARGON2_TIME=1", "THROTTLE_ADDRESS=0", "THROTTLE_REGISTRATIONS=0")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server says:\n%s", cmd.Stderr)
		}
	})
	e := &env{t: t, url: "http://" + address, http: http.DefaultClient}
	api := connect(t, e.url, http.DefaultClient)
	token := want[client.ClientsRegisterActionSuccessful](api.ClientsRegister(t.Context(), registration("grace@example.com")))(t).Session.Token
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGINT} {
		ended := signalPostgres(t, data, signal)
		e.within(time.Minute, "Postgres runs again", func() bool { pid := postgresPID(t, data); return pid != 0 && pid != ended })
		e.within(time.Minute, "the session is there", func() bool {
			outcome, err := api.UsersRead(t.Context(), client.UsersReadParams{}, client.WithToken(token))
			return err == nil && outcome.Slug() == "action-successful"
		})
		e.within(busyLimit, "it is ready", func() bool {
			res, err := http.Get(e.url + "/health/ready")
			check(t, err)
			defer res.Body.Close()
			return res.StatusCode == 200
		})
	}
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	check(t, cmd.Wait())
}

// TestEmbeddedPostgresIsLost: if Postgres cannot be started again, the server ends with an error.
func TestEmbeddedPostgresIsLost(t *testing.T) {
	t.Parallel()
	data, address := filepath.Join(postgresDir(t), "data"), freeAddress(t)
	cmd, _ := serve(t, address, "DATA_DIR="+data)
	check(t, os.Rename(data+"/cluster/global", data+"/cluster/elsewhere"))
	signalPostgres(t, data, syscall.SIGKILL)
	if err := cmd.Wait(); err == nil || !strings.Contains(cmd.Stderr.(*logs).String(), "cannot be started again") {
		t.Errorf("the server ends with %v: %s", err, cmd.Stderr)
	}
}

// healthCheckedProxy sends requests to the replicas that are ready, in turns. It asks each replica ten times a
// second whether it is, and takes two failed checks for the end. It never sends a request twice.
type healthCheckedProxy struct {
	replicas []*url.URL
	ready    []atomic.Bool
	turn     atomic.Int64
}

func startHealthCheckedProxy(t *testing.T, replicas []*url.URL) (address string) {
	p := &healthCheckedProxy{replicas: replicas, ready: make([]atomic.Bool, len(replicas))}
	transport := &http.Transport{MaxIdleConnsPerHost: 100, MaxConnsPerHost: 100}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		for range len(replicas) {
			if i := int(p.turn.Add(1)) % len(replicas); p.ready[i].Load() {
				r.SetURL(replicas[i])
				return
			}
		}
	}}
	ctx, stop := context.WithCancel(context.Background())
	var checks sync.WaitGroup
	for i := range replicas {
		checks.Go(func() { p.check(ctx, i) })
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := &http.Server{Handler: proxy}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close(); stop(); checks.Wait() })
	return "http://" + listener.Addr().String()
}

func (p *healthCheckedProxy) check(ctx context.Context, replica int) {
	asking := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for wasReady := false; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		res, err := asking.Get(p.replicas[replica].String() + "/health/ready")
		ready := err == nil && res.StatusCode == 200
		p.ready[replica].Store(ready || wasReady) // a busy machine makes the database answer too late once
		if wasReady = ready; err == nil {
			res.Body.Close()
		}
	}
}

// TestRollingRestartLong restarts three replicas one after the other, behind a health-checked proxy and under
// load. No request fails.
func TestRollingRestartLong(t *testing.T) {
	t.Parallel()
	first := startProcess(t, "DRAIN_SECONDS=2")
	replicas := []*process{first}
	for range 2 {
		p := &process{env: first.env, address: freeAddress(t), environment: first.environment}
		p.start()
		replicas = append(replicas, p)
	}
	var urls []*url.URL
	for _, p := range replicas {
		urls = append(urls, &url.URL{Scheme: "http", Host: p.address})
	}
	through := *first.env
	through.url = startHealthCheckedProxy(t, urls)
	through.api = connect(t, through.url, through.http)
	email := through.user(person{client: true})
	through.within(busyLimit, "the proxy knows the replicas", func() bool {
		outcome, err := through.api.SessionsRead(t.Context(), client.SessionsReadParams{})
		return err == nil && outcome.Slug() != ""
	})
	token := through.signIn(email)
	stop, answered := make(chan struct{}), atomic.Int64{}
	var load sync.WaitGroup
	for worker := range 12 {
		load.Go(func() { through.loadUntil(stop, worker, email, token, &answered) })
	}
	for _, p := range replicas {
		before := answered.Load()
		check(t, p.cmd.Process.Signal(syscall.SIGTERM))
		check(t, p.ended(time.Minute))
		p.start()
		through.within(time.Minute, "load goes on", func() bool { return answered.Load() > before+200 })
		time.Sleep(300 * time.Millisecond) // for the proxy to notice the new one
	}
	close(stop)
	load.Wait()
	t.Logf("%d requests were answered", answered.Load())
}

// loadUntil sends session checks and sign-ins, and counts those that are answered as they should be.
func (e *env) loadUntil(stop chan struct{}, worker int, email, token string, answered *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var outcome client.Outcome
		var err error
		if worker%3 == 0 {
			outcome, err = e.api.SessionsCreate(context.Background(), client.SessionsCreateParams{Email: email, Password: goodPassword, Application: "planoorder"})
		} else {
			outcome, err = e.api.SessionsRead(context.Background(), client.SessionsReadParams{}, client.WithToken(token))
		}
		if err != nil || outcome.Slug() != "action-successful" {
			e.t.Errorf("a request fails: %v %v", outcome, err)
			return
		}
		answered.Add(1)
	}
}
