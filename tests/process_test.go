package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/gen/client"
)

// program builds the command once a run.
var program = sync.OnceValues(func() (string, error) {
	const name = "../.build/planoauth-tested"
	out, err := exec.Command("go", "build", "-o", name, "../impl/planoauth").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

// run starts the command with these environment variables, PATH and HOME.
func run(t *testing.T, arguments []string, environment ...string) (cmd *exec.Cmd, stdout io.Reader, stderr *logs) {
	t.Helper()
	name, err := program()
	check(t, err)
	cmd = command(t, name, arguments...)
	cmd.Env = append(cmd.Env, environment...)
	stderr = &logs{}
	cmd.Stderr = stderr
	stdout, err = cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	return cmd, stdout, stderr
}

// command prepares the command with PATH and HOME. It is killed when the test ends.
func command(t *testing.T, name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(name, arguments...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	t.Cleanup(func() {
		if cmd.Process != nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd
}

// nextPort is the next port to try. Connections take theirs from a range above, so that none takes a port between
// freeAddress and the server that is to listen on it.
var nextPort atomic.Int64

func init() { nextPort.Store(rand.Int64N(12000)) }

// freeAddress returns an address on loopback that nothing listens on, another one each time.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+nextPort.Add(1)%12000)
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
}

// serve starts the server and waits until it is ready. It returns the curl command that the server prints on an
// embedded run.
func serve(t *testing.T, address string, environment ...string) (cmd *exec.Cmd, curl string) {
	t.Helper()
	cmd, stdout, stderr := run(t, []string{"serve"}, append(environment, "ADDR="+address)...)
	started := false
	for lines := bufio.NewScanner(stdout); !started && lines.Scan(); {
		text := strings.TrimSpace(lines.Text())
		started = strings.HasPrefix(text, "PlanoAuth is ready at ")
		if strings.HasPrefix(text, "curl ") {
			started, curl = true, text
		}
	}
	for deadline := time.Now().Add(busyLimit); ; time.Sleep(50 * time.Millisecond) { // a busy machine makes its database too slow
		res, err := http.Get("http://" + address + "/health/ready")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				return cmd, curl
			}
		}
		if !started || time.Now().After(deadline) {
			t.Fatalf("the server is not ready: %v\n%s", err, stderr)
		}
	}
}

// TestRunEmbedded is `make run` for a new user: the printed curl works as pasted, the mail is shown, and
// nothing is lost by a stop, nor by a kill -9 of the server, of Postgres, or of both. The starts and
// recoveries of Postgres are counted.
func TestRunEmbedded(t *testing.T) {
	t.Parallel()
	data, address := filepath.Join(postgresDir(t), "data"), freeAddress(t)
	api, err := client.New("http://"+address, client.WithHTTPClient(&http.Client{Transport: &recorder{t: t, next: http.DefaultTransport}}))
	check(t, err)

	_, err = program()
	check(t, err)
	began := time.Now()
	server, curl := serve(t, address, "DATA_DIR="+data)
	printStart("the first start", began)
	out, err := exec.Command("bash", "-c", curl).Output()
	check(t, err)
	var registered client.ClientsRegisterActionSuccessful
	if err := json.Unmarshal(out, &registered); err != nil || registered.Status != "action-successful" {
		t.Fatalf("the printed curl answers %v: %s", err, out)
	}
	if mails := get(t, "http://"+address+"/dev/mail.json", ""); !strings.Contains(mails, "Welcome to PlanoOrder") {
		t.Errorf("the mails are %s", mails)
	}
	passwords := checkFirstPeople(t, api, "http://"+address, data)
	stop := func(how string, recoveries int, end func()) {
		before := postgresLog(t, data)
		end()
		server.Wait()
		began := time.Now()
		server, _ = serve(t, address, "DATA_DIR="+data)
		printStart("a start after "+how, began)
		log := strings.TrimPrefix(postgresLog(t, data), before)
		if starts, recovered := strings.Count(log, "starting PostgreSQL"), strings.Count(log, "automatic recovery in progress"); starts != 1 || recovered != recoveries {
			t.Errorf("after %s Postgres starts %d times and recovers %d times, not %d: %s", how, starts, recovered, recoveries, log)
		}
		if now := checkFirstPeople(t, api, "http://"+address, data); !maps.Equal(now, passwords) {
			t.Errorf("after %s the passwords are %v, not %v", how, now, passwords)
		}
		read := want[client.SessionsReadActionSuccessful](api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(registered.Session.Token)))(t)
		if read.Data.User.Email != "grace@example.com" {
			t.Errorf("after %s the session is %+v", how, read.Data)
		}
	}
	stop("a stop", 0, func() { check(t, server.Process.Signal(syscall.SIGTERM)) })
	stop("kill -9 of the server", 0, func() { server.Process.Kill() })
	stop("kill -9 of both", 1, func() { server.Process.Signal(syscall.SIGSTOP); killPostgres(t, data); server.Process.Kill() })
	before := postgresLog(t, data)
	killPostgres(t, data)
	(&env{t: t}).within(time.Minute, "Postgres runs again", func() bool {
		return strings.Contains(strings.TrimPrefix(postgresLog(t, data), before), "ready to accept connections")
	})
	stop("kill -9 of Postgres, which started again, then of the server", 0, func() { server.Process.Kill() })
	check(t, server.Process.Signal(syscall.SIGTERM))
	check(t, server.Wait())
}

// checkFirstPeople signs in as the people whom the start page introduces, and returns their passwords.
func checkFirstPeople(t *testing.T, api *client.API, url, data string) map[string]string {
	t.Helper()
	signIn := func(email, password, application string) client.SessionsCreateOutcome {
		outcome, err := api.SessionsCreate(t.Context(), client.SessionsCreateParams{Email: email, Password: password, Application: application})
		check(t, err)
		return outcome
	}
	passwords := map[string]string{}
	for _, found := range regexp.MustCompile(`<code>(\S+@example.com)</code>[^<]*(?:</?\w+>[^<]*)*?Password</dt><dd><code>([a-z2-7-]+)</code>`).
		FindAllStringSubmatch(get(t, url+"/", ""), -1) {
		passwords[found[1]] = found[2]
	}
	var kept map[string]string
	check(t, json.Unmarshal(readFile(t, filepath.Join(data, "people.json")), &kept))
	if !maps.Equal(kept, passwords) || len(passwords) != 3 {
		t.Fatalf("the start page shows %v, and the file has %v", passwords, kept)
	}
	file, err := os.Stat(filepath.Join(data, "people.json"))
	check(t, err)
	if file.Mode().Perm() != 0o600 {
		t.Errorf("the file of passwords has the mode %v", file.Mode())
	}
	for _, row := range []struct{ email, application, want string }{
		{"katherine@example.com", "planoorder", "action-successful"}, {"dorothy@example.com", "planoorder", "client-required"},
		{"margaret@example.com", "planoauth", "action-successful"},
	} {
		if got := signIn(row.email, passwords[row.email], row.application); got.Slug() != row.want {
			t.Errorf("%s signs in to %s with %s", row.email, row.application, got.Slug())
		}
	}
	admin := want[client.SessionsCreateActionSuccessful](signIn("margaret@example.com", passwords["margaret@example.com"], "planoauth"), nil)(t).Data
	apps := want[client.ApplicationsIndexActionSuccessful](api.ApplicationsIndex(t.Context(), client.ApplicationsIndexParams{}, client.WithToken(admin.Token)))(t).Data
	for _, app := range apps.Results {
		if local := app.URL == "http://localhost:3000"; local != (app.Slug != "planoauth") {
			t.Errorf("%s is at %s", app.Slug, app.URL)
		}
	}
	return passwords
}

// postgresDir returns a directory that any user may enter, in memory where that is possible.
func postgresDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(memoryDir(), "planoauth-tests-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	check(t, os.Chmod(dir, 0o755))
	return dir
}

func postgresLog(t *testing.T, data string) string {
	t.Helper()
	files, err := filepath.Glob(data + "/log")
	check(t, err)
	if len(files) != 1 {
		t.Fatalf("the logs are %v", files)
	}
	return string(readFile(t, files[0]))
}

// printStart prints the time until the server was ready. The bench compares it with the goal.
func printStart(what string, began time.Time) {
	fmt.Printf("ready: %v, %s\n", time.Since(began).Round(time.Millisecond), what)
}

// TestStartWithoutDatabase starts on a prepared database, and counts the round trips to it until the server
// is ready.
func TestStartWithoutDatabase(t *testing.T) {
	t.Parallel()
	between := startPGProxy(t, cluster.Host+":"+cluster.Port)
	began := time.Now()
	serve(t, freeAddress(t), "DATABASE_URL="+between.through(t, newDatabase(t)), "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com")
	printStart("without a database to start", began)
	if asked := between.answered.Load(); asked < 5 || asked > 60 {
		t.Errorf("a start takes %d round trips to Postgres", asked)
	}
}

func get(t *testing.T, url, host string) string {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	check(t, err)
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	check(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	check(t, err)
	return string(page)
}

// killPostgres kills the postmaster of a data directory that this test made.
func killPostgres(t *testing.T, data string) { signalPostgres(t, data, syscall.SIGKILL) }

// signalPostgres sends a signal to the embedded Postgres, and returns its pid.
func signalPostgres(t *testing.T, data string, signal syscall.Signal) int {
	t.Helper()
	pid := postgresPID(t, data)
	if pid == 0 {
		t.Fatal("Postgres is not running")
	}
	if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
		t.Fatal(err)
	}
	return pid
}

// postgresPID returns the pid of the embedded Postgres, 0 while it is not running.
func postgresPID(t *testing.T, data string) int {
	t.Helper()
	files, err := filepath.Glob(data + "/*/postmaster.pid")
	check(t, err)
	if len(files) == 0 {
		return 0
	}
	text, _ := os.ReadFile(files[0]) // it may be gone meanwhile
	first, _, _ := bytes.Cut(text, []byte("\n"))
	pid, _ := strconv.Atoi(string(first))
	return pid
}

// TestServeRefuses: with settings that cannot work the server exits, and says what to do.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	empty, prepared, newer := emptyDatabase(t), newDatabase(t), newDatabase(t)
	pool, err := pgxpool.New(t.Context(), newer)
	check(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "INSERT INTO planoauth_migrations (version_id, is_applied) VALUES (90000, true)")
	check(t, err)
	rows := []struct {
		name, want  string
		environment []string
	}{
		{"a schema that is newer", "run a newer version", []string{"DATABASE_URL=" + newer, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com"}},
		{"no way to send mail", "set MANDRILL_API_KEY", []string{"DATABASE_URL=" + empty}},
		{"no sender", "MAIL_FROM must be", []string{"DATABASE_URL=" + empty, "MANDRILL_API_KEY=x"}},
		{"a schema that is behind", "planoauth migrate", []string{"DATABASE_URL=" + empty, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com"}},
		{"no URL", "DATABASE_URL is not", []string{"DATABASE_URL=postgres://user:hunter2@x:port/", "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com"}},
		{"no hash", "ARGON2_TIME must be", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "ARGON2_TIME=0"}},
		{"three limits of links", "THROTTLE_LINKS", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "THROTTLE_LINKS=3,10,20"}},
		{"a proxy that is no network", "10.0.0.0.0/8", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "TRUSTED_PROXIES=10.0.0.0.0/8"}},
		{"another disclosure", "precise", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "DISCLOSURE=vague"}},
		{"no public URL", "PUBLIC_URL must be", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "PUBLIC_URL=auth.example.com"}},
		{"no public URL on a public address", "PUBLIC_URL is required", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "ADDR=:0"}},
		{"a public URL with a path", "PUBLIC_URL must be", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "PUBLIC_URL=https://auth.example.com/auth"}},
		{"a public URL without TLS", "PUBLIC_URL must be", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com", "PUBLIC_URL=http://auth.example.com"}},
		{"an address without a port", "ADDR must be", []string{"ADDR=127.0.0.1"}},
		{"an address of another machine", "ADDR: ", []string{"ADDR=203.0.113.7:0", "PUBLIC_URL=https://auth.example.com", "DATABASE_URL=" + prepared, "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com"}},
		{"a number that is none", "HASH_WORKERS", []string{"HASH_WORKERS=many"}},
		{"blank settings for mail", "set MANDRILL_API_KEY", []string{"DATABASE_URL=" + prepared, "MANDRILL_API_KEY= ", "SMTP_URL="}},
		{"an embedded run that others can reach", "set MANDRILL_API_KEY", []string{"ADDR=0.0.0.0:0"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cmd, _, stderr := run(t, []string{"serve"}, append([]string{"ADDR=127.0.0.1:0"}, row.environment...)...)
			defer time.AfterFunc(busyLimit, func() { cmd.Process.Kill() }).Stop() // where it serves after all
			if err := cmd.Wait(); err == nil || !strings.Contains(stderr.String(), row.want) || strings.Contains(stderr.String(), "hunter2") {
				t.Errorf("it ends with %v: %s", err, stderr)
			}
		})
	}
}

// TestMigrateAndDeploy prepares an empty database: verbs may run concurrently, a second run changes nothing,
// what an operator undeployed stays undeployed, and rows that the spec no longer has are deleted.
func TestMigrateAndDeploy(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	environment := []string{"DATABASE_URL= " + url + "\n", "DATA_DIR=", "MANDRILL_API_KEY=x", "MAIL_FROM=a@example.com"}
	do := func(verb string) error {
		cmd, _, stderr := run(t, []string{verb}, environment...)
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%s: %w: %s", verb, err, stderr)
		}
		return nil
	}
	for _, verb := range []string{"migrate", "deploy"} {
		var together sync.WaitGroup
		for range 4 {
			together.Go(func() {
				if err := do(verb); err != nil {
					t.Error(err)
				}
			})
		}
		together.Wait()
	}
	pool, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(pool.Close)
	e := &env{t: t, pool: pool}
	if services, routes := e.count("services"), e.count("routes WHERE deployed_at IS NOT NULL"); services != len(spec().Tags) || routes != len(specOperations()) {
		t.Errorf("%d services and %d routes are deployed", services, routes)
	}
	e.exec("UPDATE routes SET deployed_at = NULL WHERE path = '/api/v1/sessions/read'")
	e.exec("DELETE FROM routes WHERE path = '/api/v1/sessions/delete'")
	e.exec("INSERT INTO services (slug, deployed_at) VALUES ('old', now())")
	e.exec("INSERT INTO routes (service_id, method, path, deployed_at) SELECT id, 'POST', '/api/v1/old/thing', now() FROM services WHERE slug = 'sessions'")
	check(t, do("deploy"))
	if e.count("routes") != len(specOperations()) || e.count("routes WHERE deployed_at IS NULL") != 1 || e.count("services WHERE slug = 'old'") != 0 {
		t.Error("deploy did not keep or did not delete what it should")
	}
	serve(t, freeAddress(t), append(environment, "TRUSTED_PROXIES= 10.0.0.0/8, 2001:db8::/32,", "DISCLOSURE=opaque ", "THROTTLE_LINKS= 0",
		"THROTTLE_ADDRESS=", "PUBLIC_URL=", "METRICS_ADDR= ", "SMTP_URL=", "GOOGLE_CLIENT_ID= ", "HASH_WORKERS=")...)
}

// TestHelp names every setting of the server with its variable.
func TestHelp(t *testing.T) {
	t.Parallel()
	name, err := program()
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	help, err := exec.CommandContext(ctx, name, "serve", "--help").Output()
	check(t, err)
	variables := regexp.MustCompile(`\(\$([A-Z0-9_]+)\)`).FindAllSubmatch(help, -1)
	readme := string(readFile(t, "../impl/README.md"))
	if len(variables) < 10 {
		t.Errorf("the help names only %d variables", len(variables))
	}
	for _, variable := range variables {
		if !strings.Contains(readme, "`"+string(variable[1])+"`") {
			t.Errorf("impl/README.md does not list %s", variable[1])
		}
	}
}
