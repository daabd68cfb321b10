package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// server is a replica, at an address that it keeps when it is started again.
type server struct {
	*process
	program, logFile string
	address, url     string
	environment      []string
}

// serverSettings: passwords cost next to nothing, since all would else be hashing, and nothing is limited.
var serverSettings = []string{
	"ARGON2_MEMORY=8", "ARGON2_TIME=1", "THROTTLE_ADDRESS=0", "THROTTLE_PASSWORDS=0", "THROTTLE_LINKS=0", "THROTTLE_REGISTRATIONS=0",
	"DRAIN_SECONDS=0", "MANDRILL_API_KEY=md-faults", "MAIL_FROM=auth@planoauth.example",
}

// launch starts the process alone.
func (s *server) launch() {
	cmd := exec.Command(s.program, "serve")
	cmd.Env, cmd.SysProcAttr = s.environment, childAttributes(nil)
	s.process = spawn(cmd, s.logFile)
}

// start starts the server and waits until it is ready.
func (s *server) start(ctx context.Context) {
	s.launch()
	if !within(ctx, 30*time.Second, func() bool { return s.ready(ctx) || !s.running() }) || !s.running() {
		panic(fmt.Sprintf("the server is not ready: %s", s.lastWords()))
	}
}

// health asks /health/ready. The code is 0 if there is no answer.
func (s *server) health(ctx context.Context) (code int, took time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/health/ready", nil)
	check(err)
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, time.Since(began)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode, time.Since(began)
}

func (s *server) ready(ctx context.Context) bool {
	code, _ := s.health(ctx)
	return code == http.StatusOK
}

// stop ends the server as an operator would, and reports whether it ended within the limit of 20 s, and what
// this machine may be late. It may be called again, and of one that was never started.
func (s *server) stop() bool {
	if s.process == nil {
		return true
	}
	_ = s.process.Signal(syscall.SIGTERM) // fails if it has ended
	inTime := s.endsWithin(21 * time.Second)
	s.kill()
	return inTime
}

// verb runs another verb of the program on a database.
func verb(ctx context.Context, program, databaseURL string, arguments ...string) string {
	out, err := command(ctx, []string{"DATABASE_URL=" + databaseURL}, nil, program, arguments...)
	check(err)
	return strings.TrimSpace(out)
}
