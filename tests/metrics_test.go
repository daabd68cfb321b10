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

	"github.com/planoauth/planoauth/gen/client"
)

// scrape reads /metrics: the value of each series, which is named as it is written.
func scrape(t *testing.T, address string) map[string]float64 {
	t.Helper()
	res, err := http.Get("http://" + address + "/metrics")
	check(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(t, err)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=") {
		t.Fatalf("a scrape is %d %v", res.StatusCode, res.Header)
	}
	series := map[string]float64{}
	for _, line := range regexp.MustCompile(`(?m)^([a-z_]+(?:\{.*\})?) (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		series[line[1]], err = strconv.ParseFloat(line[2], 64)
		check(t, err)
	}
	return series
}

func outcomeSeries(operation, status, application string) string {
	return fmt.Sprintf("auth_outcomes_total{application=%q,operation=%q,status=%q}", application, operation, status)
}

// TestOutcomesAreCounted makes one request of each kind: the labels say what was asked, what came of it, and which application
// it was about; what callers make up is no label.
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
		{"a refusal by a step, of a known application", outcomeSeries("sessionsCreate", "missing-param", "planoauth"), func() { sessionsCreate(`{"application":"planoauth"}`) }},
		{"an application that does not exist", outcomeSeries("sessionsCreate", "invalid-param", ""), func() {
			sessionsCreate(`{"email":"x@example.com","password":"x","application":"made-up"}`)
		}},
		{"an application that is no text", outcomeSeries("sessionsCreate", "invalid-param", ""), func() {
			sessionsCreate(`{"email":"x@example.com","password":"x","application":{"planoorder":1}}`)
		}},
		{"a refusal before anything is read", outcomeSeries("sessionsCreate", "invalid-content-type", ""), func() { p.send("POST", "/api/v1/sessions/create", nil) }},
		{"the session of an application", outcomeSeries("sessionsRead", "action-successful", "planoorder"), func() { sessionsRead(bearer(token)...) }},
		{"no session", outcomeSeries("sessionsRead", "invalid-token", ""), func() { sessionsRead(bearer("plas_nonsense")...) }},
		{"no route", outcomeSeries("", "route-non-existent", ""), func() { p.send("POST", "/api/v1/made/up", nil) }},
		{"a crash", outcomeSeries("sessionsCreate", "application-crash", "planoorder"), func() {
			p.exec("ALTER TABLE users RENAME TO users_away")
			sessionsCreate(`{"email":"x@example.com","password":"x","application":"planoorder"}`)
			p.exec("ALTER TABLE users_away RENAME TO users")
		}},
		{"a session that has expired", outcomeSeries("sessionsRead", "session-expired", "planoorder"), func() {
			p.exec("UPDATE sessions SET created_at = now() - interval '8 days'")
			sessionsRead(bearer(aged)...)
		}},
		{"a page is no outcome", outcomeSeries("", "", ""), func() { p.send("GET", "/docs", nil); p.send("GET", "/nothing", nil) }},
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
				t.Errorf("%s: %s counts %v", row.name, series, counted)
			}
			delete(before, series)
		}
		if _, counted := after[row.series]; !counted && row.series != outcomeSeries("", "", "") {
			t.Errorf("%s: there is no %s", row.name, row.series)
		}
		for series := range after {
			if strings.Contains(series, "made-up") || strings.Contains(series, "example.com") {
				t.Errorf("%s: what the caller sent is in %s", row.name, series)
			}
		}
	}
	judgeDurations(t, scrape(t, address))
}

// judgeDurations: every outcome has a duration, in the histogram of its operation.
func judgeDurations(t *testing.T, series map[string]float64) {
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
			t.Errorf("%s has %v durations of %v outcomes", operation, got, n)
		}
		if all, short := series["auth_request_duration_seconds_bucket{"+of+`,le="10"}`], series["auth_request_duration_seconds_bucket{"+of+`,le="0.0002"}`]; all != n || short > n {
			t.Errorf("%s has %v within 10 s and %v within 0.2 ms", operation, all, short)
		}
	}
	if len(outcomes) < 3 {
		t.Errorf("there are outcomes of %v alone", outcomes)
	}
}

// TestGauges looks at what the server says of itself.
func TestGauges(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startProcess(t, "METRICS_ADDR="+address, "HASH_WORKERS=3")
	want[client.ClientsRegisterActionSuccessful](p.api.ClientsRegister(t.Context(), registration("new@example.com")))(t)
	p.firstCleanUp()
	series := scrape(t, address)
	for name, value := range map[string]float64{
		"auth_hashing_places": 3, "auth_hashing_working": 0, "auth_hashing_waiting": 0, `auth_jobs{state="scheduled"}`: 1, `auth_jobs{state="completed"}`: 1,
		`auth_jobs{state="discarded"}`: 0,
	} {
		if got, there := series[name]; !there || got != value {
			t.Errorf("%s is %v (there: %t), not %v", name, got, there, value)
		}
	}
	for _, name := range []string{"auth_pool_acquired", "auth_pool_idle", "auth_pool_total", "auth_pool_max", "auth_pool_waits_total", "auth_pool_wait_seconds_total",
		"go_goroutines", "process_open_fds"} {
		if _, there := series[name]; !there {
			t.Errorf("there is no %s", name)
		}
	}
	if total := series["auth_pool_total"]; total < 1 || total > series["auth_pool_max"] || series["auth_pool_acquired"]+series["auth_pool_idle"] > total {
		t.Errorf("the pool has %v connections", total)
	}
	p.exec("ALTER TABLE river_job RENAME TO river_job_away")
	series = scrape(t, address)
	if _, there := series[`auth_jobs{state="completed"}`]; there || series["auth_hashing_places"] != 3 {
		t.Error("jobs that cannot be counted are counted, or all else is gone too")
	}
}

// TestHashingGauges: one place and five that want it.
func TestHashingGauges(t *testing.T) {
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
	p.within(busyLimit, "one works and four wait", func() bool {
		series := scrape(t, address)
		return series["auth_hashing_working"] == 1 && series["auth_hashing_waiting"] == 4
	})
	cancel()
	sent.Wait()
}

// TestMetricsAddress: /metrics is nowhere but at METRICS_ADDR, and nothing else is there.
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
		t.Errorf("with an address that is taken it ends with %v: %s", err, stderr)
	}
}
