package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolMode is a pool_mode of PgBouncer.
type poolMode string

const (
	transactionMode poolMode = "transaction"
	sessionMode     poolMode = "session"
)

// The environment variables that put all servers of a run of tests behind PgBouncer, in this mode, and on databases
// with hostileSettings.
const (
	poolerVariable  = "PLANOAUTH_TESTS_POOLER"
	hostileVariable = "PLANOAUTH_TESTS_HOSTILE"
)

// hostileSettings are what a role or a database may set for each session, and what changes the meaning of
// statements that do not expect it.
var hostileSettings = map[string]string{
	"standard_conforming_strings":   "off",
	"bytea_output":                  "escape",
	"datestyle":                     "SQL, DMY",
	"intervalstyle":                 "sql_standard",
	"client_encoding":               "LATIN1",
	"default_transaction_isolation": "serializable",
	"timezone":                      "Asia/Kolkata",
}

// hostileDirectly are settings that the server overrides only on direct connections.
var hostileDirectly = map[string]string{"array_nulls": "off", "transform_null_equals": "on"}

// makeHostile gives a database hostileSettings, half of them by way of its role.
func makeHostile(t testing.TB, database string) {
	t.Helper()
	u, err := url.Parse(database)
	check(t, err)
	conn, err := pgx.Connect(t.Context(), cluster.URL())
	check(t, err)
	defer conn.Close(context.Background())
	name, role := pgx.Identifier{u.Path[1:]}.Sanitize(), pgx.Identifier{u.User.Username()}.Sanitize()
	byRole := false
	for setting, value := range hostileSettings {
		statement := fmt.Sprintf("ALTER DATABASE %s SET %s = '%s'", name, setting, value)
		if byRole = !byRole; byRole {
			statement = fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET %s = '%s'", role, name, setting, value)
		}
		_, err := conn.Exec(t.Context(), statement)
		check(t, err)
	}
}

// poolers are the running PgBouncers, one for each mode.
var poolers struct {
	mu   sync.Mutex
	list map[poolMode]*pooler
}

type pooler struct {
	address string
	process *exec.Cmd
	dir     string
	stopped atomic.Bool
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// behindPooler returns the URL of a database by way of PgBouncer. It skips the test where PgBouncer is not
// installed.
func behindPooler(t testing.TB, mode poolMode, database string) string {
	t.Helper()
	poolers.mu.Lock()
	defer poolers.mu.Unlock()
	if poolers.list == nil {
		poolers.list = map[poolMode]*pooler{}
	}
	u, err := url.Parse(database)
	check(t, err)
	if poolers.list[mode] == nil {
		poolers.list[mode] = startPooler(t, mode, u)
	}
	u.Host = poolers.list[mode].address
	return u.String()
}

func startPooler(t testing.TB, mode poolMode, database *url.URL) *pooler {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if _, err = os.Stat("/usr/sbin/pgbouncer"); err != nil {
			fmt.Println("pgbouncer: none")
			t.Skip("PgBouncer is not installed: apt-get install pgbouncer")
		}
		program = "/usr/sbin/pgbouncer"
	}
	dir, err := os.MkdirTemp("", "planoauth-pgbouncer-")
	check(t, err)
	check(t, os.Chmod(dir, 0o755))
	// Below the range from which the tests' own servers get their ports.
	port := strconv.Itoa(20000 + rand.IntN(10000))
	address := net.JoinHostPort("127.0.0.1", port)
	password, _ := database.User.Password()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	users := write("users", fmt.Sprintf("%q %q\n", database.User.Username(), password))
	config := write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = %s
max_client_conn = 2000
default_pool_size = 100
server_idle_timeout = 10
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
`, database.Hostname(), database.Port(), port, users, mode))
	arguments := []string{config}
	if os.Getuid() == 0 {
		arguments = append([]string{"-u", "nobody"}, arguments...) // PgBouncer refuses to run as root
	}
	p := &pooler{address: address, process: exec.Command(program, arguments...), dir: dir}
	trouble := &logs{}
	p.process.Stdout, p.process.Stderr = trouble, trouble
	check(t, p.process.Start())
	ended := make(chan error, 1)
	go func() {
		err := p.process.Wait()
		ended <- err
		if !p.stopped.Load() {
			fmt.Printf("PgBouncer ends with %v: %s\n", err, lastLines(trouble.String(), 5))
		}
	}()
	for {
		select {
		case err := <-ended:
			t.Fatalf("PgBouncer ends with %v: %s", err, trouble)
		case <-time.After(10 * time.Millisecond):
		}
		if strings.Contains(trouble.String(), "process up") {
			break
		}
	}
	fmt.Println("pgbouncer:", mode, "mode")
	return p
}

// stopPoolers ends all PgBouncers of this run.
func stopPoolers() {
	for _, p := range poolers.list {
		p.stopped.Store(true)
		p.process.Process.Kill()
		os.RemoveAll(p.dir)
	}
}

// serverURL returns the URL of a database for servers, as the environment of the run wants it.
func serverURL(t testing.TB, database string) string {
	t.Helper()
	if os.Getenv(hostileVariable) != "" {
		makeHostile(t, database)
	}
	if mode := os.Getenv(poolerVariable); mode != "" {
		return behindPooler(t, poolMode(mode), database)
	}
	return database
}

// TestScenariosBehindPoolersLong runs the tests of sessions, clients and links once more, on databases with hostile
// settings: directly, and behind PgBouncer in both modes.
func TestScenariosBehindPoolersLong(t *testing.T) {
	for _, row := range []struct {
		name        string
		environment []string
	}{
		{"hostile settings", []string{hostileVariable + "=1"}},
		{"transaction mode and hostile settings", []string{poolerVariable + "=transaction", hostileVariable + "=1"}},
		{"session mode and hostile settings", []string{poolerVariable + "=session", hostileVariable + "=1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if strings.Contains(row.name, "mode") {
				behindPooler(t, sessionMode, newDatabase(t)) // skips where there is none
			}
			skipped := "Long$"
			if strings.HasPrefix(row.name, "transaction mode") {
				// These change sessions by SQL and expect that it counts at once, which takes notifications.
				skipped += "|TestSessionsRead"
			}
			tests := exec.Command(os.Args[0], "-test.skip", skipped, "-test.parallel", "4", "-test.run",
				"TestSessions|TestRoles|TestExpiry|TestLastUse$|TestSignInMail|TestClients|TestLegacySlug|TestRaceForOneAddress|TestRegisteringReplaces|"+
					"TestMarkupInNames|TestMandrillFailures|TestLink|TestMagicLink|TestNewerLink|TestTakeover|TestConcurrentChanges|TestUsers|TestPasswords")
			tests.Env = append(os.Environ(), row.environment...)
			if out, err := tests.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
