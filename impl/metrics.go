package impl

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river/rivertype"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/password"
)

// jobsTimeout limits how long counting the jobs may delay a scrape.
const jobsTimeout = 2 * time.Second

// durationBuckets, in seconds, range from a refusal without a query to a request that uses up its deadline.
var durationBuckets = []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}

// metrics are the metrics of a server in Prometheus' format. Their names start with auth_, besides those of
// the Go runtime and of the process.
type metrics struct {
	registry  *prometheus.Registry
	outcomes  *prometheus.CounterVec
	durations map[string]prometheus.Observer // by operation, "" while no route has matched
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth_outcomes_total", Help: "Answers by operation, status slug and the application that the request is about.",
		}, []string{"operation", "status", "application"}),
		durations: map[string]prometheus.Observer{},
	}
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "auth_request_duration_seconds", Help: "Time until the answer was written, by operation.", Buckets: durationBuckets,
	}, []string{"operation"})
	m.durations[""] = durations.WithLabelValues("")
	for _, op := range gen.Operations {
		m.durations[string(op.ID)] = durations.WithLabelValues(string(op.ID))
	}
	m.registry.MustRegister(m.outcomes, durations, &jobStates{server: s}, buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registerPool(s.DB.Pool)
	m.registerHashing(s.Passwords.Limiter)
	return m
}

// registerPool adds the metrics of the connection pool.
func (m *metrics) registerPool(pool *pgxpool.Pool) {
	m.gauge("auth_pool_max_connections", "Limit of open connections to the database.",
		func() float64 { return float64(pool.Stat().MaxConns()) })
	m.gauge("auth_pool_open_connections", "Open connections to the database: in use, idle and being opened.",
		func() float64 { return float64(pool.Stat().TotalConns()) })
	m.gauge("auth_pool_in_use_connections", "Connections to the database in use.",
		func() float64 { return float64(pool.Stat().AcquiredConns()) })
	m.gauge("auth_pool_idle_connections", "Idle connections to the database.",
		func() float64 { return float64(pool.Stat().IdleConns()) })
	m.counter("auth_pool_waits_total", "Times that no connection was idle and a query had to wait for one.",
		func() float64 { return float64(pool.Stat().EmptyAcquireCount()) })
	m.counter("auth_pool_wait_seconds_total", "Time that queries waited for a connection.",
		func() float64 { return pool.Stat().EmptyAcquireWaitTime().Seconds() })
}

// registerHashing adds the metrics of the hash limiter.
func (m *metrics) registerHashing(l *password.Limiter) {
	m.gauge("auth_hash_slots", "Limit of passwords that are hashed at once.", func() float64 { return float64(l.Load().Slots) })
	m.gauge("auth_hash_active", "Passwords that are being hashed.", func() float64 { return float64(l.Load().Active) })
	m.gauge("auth_hash_queued", "Requests in the queue for a hash slot.", func() float64 { return float64(l.Load().Queued) })
	m.gauge("auth_hash_queued_addresses", "Client addresses of the requests in the queue for a hash slot.",
		func() float64 { return float64(l.Load().Addresses) })
	m.counter("auth_hash_refused_total", "Requests that got no hash slot, because the queue was full or too slow.",
		func() float64 { return float64(l.Load().Refused) })
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *metrics) counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// Build says what this server was built from.
type Build struct {
	Version  string // of openapi.yaml
	Revision string // the commit; "" if the Go toolchain did not record it
	Go       string // the Go version
}

// ThisBuild returns what this server was built from.
func ThisBuild() Build {
	var spec struct{ Info struct{ Version string } }
	json.Unmarshal(gen.SpecJSON, &spec)
	this := Build{Version: spec.Info.Version, Go: runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				this.Revision = setting.Value
			}
		}
	}
	return this
}

// buildInfo is 1; its labels say what the server was built from.
func buildInfo() prometheus.Collector {
	this := ThisBuild()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "auth_build_info", Help: "Version of the API, commit and Go version of this build.",
		ConstLabels: prometheus.Labels{"version": this.Version, "revision": this.Revision, "goversion": this.Go},
	}, func() float64 { return 1 })
}

// count counts the outcome of a call. A call without one, such as a page, is not counted.
func (m *metrics) count(c *call, took time.Duration) {
	if c.slug == "" {
		return
	}
	operation := c.operation()
	m.outcomes.WithLabelValues(operation, c.slug, c.applicationLabel()).Inc()
	m.durations[operation].Observe(took.Seconds())
}

// applicationLabel is the slug of the application that the request names, or else of the one whose session
// was presented. It is "" for an unknown application, so that callers cannot create series.
func (c *call) applicationLabel() string {
	if app := c.namedApp(); app != nil {
		return app.Slug
	}
	return c.metricsApp
}

// Metrics serves /metrics. It is not part of Handler, since the metrics are not public: it is served at
// METRICS_ADDR.
func (s *Server) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

var jobsDesc = prometheus.NewDesc("auth_jobs", "Jobs in the queue by state.", []string{"state"}, nil)

// jobStates counts the jobs at each scrape. When the database does not answer in time, auth_jobs alone is
// missing.
type jobStates struct{ server *Server }

// Describe sends the description of the one metric.
func (*jobStates) Describe(to chan<- *prometheus.Desc) { to <- jobsDesc }

// Collect sends the number of jobs in each state.
func (j *jobStates) Collect(to chan<- prometheus.Metric) {
	counts, err := j.count()
	if err != nil {
		j.server.Log.Warn("counting jobs failed", "cause", err.Error())
		return
	}
	for _, state := range rivertype.JobStates() {
		to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
}

func (j *jobStates) count() (map[rivertype.JobState]int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), jobsTimeout)
	defer cancel()
	rows, err := j.server.DB.Pool.Query(ctx, "SELECT state::text, count(*) FROM river_job GROUP BY state")
	if err != nil {
		return nil, err
	}
	counts := map[rivertype.JobState]int64{}
	var state rivertype.JobState
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		counts[state] = n
		return nil
	})
	return counts, err
}
