package tests

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/planoauth/planoauth/gen/client"
)

// scrape returns the value of each series at /metrics, by its name and labels as they are written there.
func scrape(t *testing.T, address string) map[string]float64 {
	t.Helper()
	text, series := scrapeText(t, address), map[string]float64{}
	for _, line := range regexp.MustCompile(`(?m)^([a-z_]+(?:\{.*\})?) (\S+)$`).FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(line[2], 64)
		check(t, err)
		series[line[1]] = value
	}
	return series
}

func scrapeText(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get("http://" + address + "/metrics")
	check(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(t, err)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=") {
		t.Fatalf("the answer to a scrape is %d %v", res.StatusCode, res.Header)
	}
	return string(text)
}

func outcomeSeries(operation, status, application string) string {
	return fmt.Sprintf("auth_outcomes_total{application=%q,operation=%q,status=%q}", application, operation, status)
}

// TestOutcomesAreCounted sends one request of each kind: the labels are its operation, its outcome and the
// application that it is about. No label has a text that a caller made up.
func TestOutcomesAreCounted(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startProcess(t, "METRICS_ADDR="+address)
	ada := p.user(person{email: "ada@example.com", client: true})
	token, aged := p.signIn(ada), p.signIn(ada)
	sessionsCreate := func(params string) {
		p.send("POST", "/api/v1/sessions/create", b64(params), "Content-Type", "text/plain")
	}
	sessionsRead := func(headers ...string) {
		p.send("POST", "/api/v1/sessions/read", []byte("{}"), append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	rows := []struct {
		name, series string
		do           func()
	}{
		{"a success", outcomeSeries("sessionsCreate", "action-successful", "planoorder"), func() { p.signIn(ada) }},
		{"a refusal by the operation", outcomeSeries("sessionsCreate", "email-not-found", "planox2"), func() {
			sessionsCreate(`{"email":"x@example.com","password":"x","application":"planox2"}`)
		}},
		{"a refusal by a step, for a known application", outcomeSeries("sessionsCreate", "missing-param", "planoauth"), func() { sessionsCreate(`{"application":"planoauth"}`) }},
		{"an application that does not exist", outcomeSeries("sessionsCreate", "invalid-param", ""), func() {
			sessionsCreate(`{"email":"x@example.com","password":"x","application":"made-up"}`)
		}},
		{"an application that is not a string", outcomeSeries("sessionsCreate", "invalid-param", ""), func() {
			sessionsCreate(`{"email":"x@example.com","password":"x","application":{"planoorder":1}}`)
		}},
		{"a refusal before the body is read", outcomeSeries("sessionsCreate", "invalid-content-type", ""), func() { p.send("POST", "/api/v1/sessions/create", nil) }},
		{"a session of an application", outcomeSeries("sessionsRead", "action-successful", "planoorder"), func() { sessionsRead(bearer(token)...) }},
		{"no session", outcomeSeries("sessionsRead", "invalid-token", ""), func() { sessionsRead(bearer("plas_nonsense")...) }},
		{"no route", outcomeSeries("", "route-non-existent", ""), func() { p.send("POST", "/api/v1/made/up", nil) }},
		{"a crash", outcomeSeries("sessionsCreate", "application-crash", "planoorder"), func() {
			p.exec("ALTER TABLE users RENAME TO users_away")
			sessionsCreate(`{"email":"x@example.com","password":"x","application":"planoorder"}`)
			p.exec("ALTER TABLE users_away RENAME TO users")
		}},
		{"a session that has expired", outcomeSeries("sessionsRead", "session-expired", "planoorder"), func() {
			p.exec("UPDATE sessions SET created_at = now() - interval '8 days'")
			sessionsRead(bearer(aged)...) // it is not in the session cache
		}},
		{"a page, which has no outcome", outcomeSeries("", "", ""), func() { p.send("GET", "/docs", nil); p.send("GET", "/nothing", nil) }},
	}
	for _, row := range rows {
		before := scrape(t, address)
		row.do()
		after := scrape(t, address)
		for series, value := range after {
			if !strings.HasPrefix(series, "auth_outcomes_total") {
				continue
			}
			counted := value - before[series]
			if series == row.series && counted != 1 || series != row.series && counted != 0 {
				t.Errorf("%s: %s grew by %v", row.name, series, counted)
			}
			delete(before, series)
		}
		if _, counted := after[row.series]; !counted && row.series != outcomeSeries("", "", "") {
			t.Errorf("%s: %s is missing", row.name, row.series)
		}
		for series := range after {
			if strings.Contains(series, "made-up") || strings.Contains(series, "example.com") {
				t.Errorf("%s: %s has a text that the caller sent", row.name, series)
			}
		}
	}
	checkDurations(t, scrape(t, address))
}

// checkDurations checks that every outcome has a duration in the histogram of its operation.
func checkDurations(t *testing.T, series map[string]float64) {
	t.Helper()
	outcomes := map[string]float64{}
	for name, value := range series {
		if found := regexp.MustCompile(`^auth_outcomes_total.*operation="(\w*)"`).FindStringSubmatch(name); found != nil {
			outcomes[found[1]] += value
		}
	}
	for operation, n := range outcomes {
		of := fmt.Sprintf("operation=%q", operation)
		if got := series["auth_request_duration_seconds_count{"+of+"}"]; got != n {
			t.Errorf("%s has %v durations and %v outcomes", operation, got, n)
		}
		if all, short := series["auth_request_duration_seconds_bucket{"+of+`,le="10"}`], series["auth_request_duration_seconds_bucket{"+of+`,le="0.0002"}`]; all != n || short > n {
			t.Errorf("of %v durations, %s has %v within 10 s and %v within 0.2 ms", n, operation, all, short)
		}
	}
	if len(outcomes) < 3 {
		t.Errorf("there are only the outcomes %v", outcomes)
	}
}

// TestGauges checks the gauges of a server at rest, and that all names follow Prometheus' conventions.
func TestGauges(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startProcess(t, "METRICS_ADDR="+address, "HASH_WORKERS=3")
	want[client.ClientsRegisterActionSuccessful](p.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	p.firstCleanUp()
	series := scrape(t, address)
	for name, value := range map[string]float64{
		"auth_hash_slots": 3, "auth_hash_active": 0, "auth_hash_queued": 0, "auth_hash_queued_addresses": 0, "auth_hash_refused_total": 0, `auth_jobs{state="scheduled"}`: 1, `auth_jobs{state="completed"}`: 1,
		`auth_jobs{state="discarded"}`: 0,
	} {
		if got, there := series[name]; !there || got != value {
			t.Errorf("%s is %v (present: %t), want %v", name, got, there, value)
		}
	}
	for _, name := range []string{"auth_pool_in_use_connections", "auth_pool_idle_connections", "auth_pool_open_connections", "auth_pool_max_connections", "auth_pool_waits_total", "auth_pool_wait_seconds_total",
		"go_goroutines", "process_open_fds"} {
		if _, there := series[name]; !there {
			t.Errorf("%s is missing", name)
		}
	}
	if total := series["auth_pool_open_connections"]; total < 1 || total > series["auth_pool_max_connections"] {
		t.Errorf("the pool has %v open connections", total)
	}
	problems, err := promlint.New(strings.NewReader(scrapeText(t, address))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint finds %v (%v)", problems, err)
	}
	if !regexp.MustCompile(`(?m)^auth_build_info\{goversion="go.+",revision=".*",version="\d+\.\d+\.\d+"\} 1$`).MatchString(scrapeText(t, address)) {
		t.Error("auth_build_info is missing")
	}
	p.exec("ALTER TABLE river_job RENAME TO river_job_away")
	series = scrape(t, address)
	if _, there := series[`auth_jobs{state="completed"}`]; there || series["auth_hash_slots"] != 3 {
		t.Error("auth_jobs is present without its table, or the other metrics are missing too")
	}
}

// TestHashGauges sends five sign-ins to a server with one hash slot.
func TestHashGauges(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startProcess(t, "METRICS_ADDR="+address, "HASH_WORKERS=1", "ARGON2_TIME=1000000")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent sync.WaitGroup
	for range 5 {
		sent.Go(func() {
			p.trySend(ctx, "POST", "/api/v1/sessions/create", b64(`{"email":"x@example.com","password":"x","application":"planoorder"}`), "Content-Type", "text/plain")
		})
	}
	p.within(busyLimit, "one hash is active and four are queued", func() bool {
		series := scrape(t, address)
		return series["auth_hash_active"] == 1 && series["auth_hash_queued"] == 4 && series["auth_hash_queued_addresses"] == 1
	})
	cancel()
	sent.Wait()
}

// TestMetricsAddress checks that METRICS_ADDR serves /metrics and nothing else, and ADDR everything but
// /metrics.
func TestMetricsAddress(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startProcess(t, "METRICS_ADDR="+address)
	if a := p.send("GET", "/metrics", nil); a.code != 404 {
		t.Errorf("the public /metrics answers %d %s", a.code, a.text)
	}
	for _, path := range []string{"/", "/docs", "/api/v1/sessions/read", "/debug/pprof/"} {
		res, err := http.Get("http://" + address + path)
		check(t, err)
		res.Body.Close()
		if res.StatusCode != 404 {
			t.Errorf("%s answers %d at METRICS_ADDR", path, res.StatusCode)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer taken.Close()
	cmd, _, stderr := run(t, []string{"serve"}, append(p.environment, "ADDR=127.0.0.1:0", "METRICS_ADDR="+taken.Addr().String())...)
	if err := cmd.Wait(); err == nil || !strings.Contains(stderr.String(), "METRICS_ADDR") || !strings.Contains(stderr.String(), "in use") {
		t.Errorf("with an address in use, serve ends with %v: %s", err, stderr)
	}
}
