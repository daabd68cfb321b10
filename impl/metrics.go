package impl

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river/rivertype"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/password"
)

// jobsLimit is how long counting the jobs may hold up a scrape.
const jobsLimit = 2 * time.Second

// durationBuckets go from a refusal that asks no database to a request that waits for all that it may.
var durationBuckets = []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}

// metrics are what Prometheus may ask of a server.
type metrics struct {
	registry  *prometheus.Registry
	outcomes  *prometheus.CounterVec
	durations map[string]prometheus.Observer // by operation, "" while no route has matched
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth_outcomes_total", Help: "Answers, by operation, slug, and the application that the request was about.",
		}, []string{"operation", "status", "application"}),
		durations: map[string]prometheus.Observer{},
	}
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "auth_request_duration_seconds", Help: "Time until the answer was written.", Buckets: durationBuckets,
	}, []string{"operation"})
	m.durations[""] = durations.WithLabelValues("")
	for _, op := range gen.Operations {
		m.durations[op.ID] = durations.WithLabelValues(op.ID)
	}
	m.registry.MustRegister(m.outcomes, durations, &jobStates{server: s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.watchPool(s)
	m.watchHashing(s.passwords.Limiter)
	return m
}

// watchPool shows the pool of connections to the database.
func (m *metrics) watchPool(s *Server) {
	pool := s.DB.Pool
	m.gauge("auth_pool_acquired", "Connections in use.", func() float64 { return float64(pool.Stat().AcquiredConns()) })
	m.gauge("auth_pool_idle", "Connections that wait for use.", func() float64 { return float64(pool.Stat().IdleConns()) })
	m.gauge("auth_pool_total", "Connections, those that are being opened too.", func() float64 { return float64(pool.Stat().TotalConns()) })
	m.gauge("auth_pool_max", "Connections that may be open at once.", func() float64 { return float64(pool.Stat().MaxConns()) })
	m.counter("auth_pool_waits_total", "Times that somebody had to wait for a connection.",
		func() float64 { return float64(pool.Stat().EmptyAcquireCount()) })
	m.counter("auth_pool_wait_seconds_total", "Time for which they waited.",
		func() float64 { return pool.Stat().EmptyAcquireWaitTime().Seconds() })
}

// watchHashing shows the hash limiter.
func (m *metrics) watchHashing(l *password.Limiter) {
	m.gauge("auth_hashing_places", "Passwords that may be hashed at once.", func() float64 { return float64(l.Slots()) })
	m.gauge("auth_hashing_working", "Passwords that are being hashed.", func() float64 { return float64(l.Active()) })
	m.gauge("auth_hashing_waiting", "Requests that wait for a hashing place.", func() float64 { return float64(l.Queued()) })
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *metrics) counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// count counts the outcome of a call. What has none, such as a page, is not counted.
func (m *metrics) count(c *call, took time.Duration) {
	if c.slug == "" {
		return
	}
	operation := c.operation()
	m.outcomes.WithLabelValues(operation, c.slug, c.metricsLabel()).Inc()
	m.durations[operation].Observe(took.Seconds())
}

// metricsLabel is the slug of the application that the request named, or else of the one whose session was presented. It
// is "" when there is none in the registry: callers cannot make labels up.
func (c *call) metricsLabel() string {
	if name, ok := c.params["application"].(string); ok && c.registry.appsBySlug[name] != nil {
		return c.registry.appsBySlug[name].Slug
	}
	return c.metricsApp
}

// Metrics answers Prometheus. It is not part of Handler: it is served at METRICS_ADDR alone.
func (s *Server) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

var jobsDesc = prometheus.NewDesc("auth_jobs", "Jobs in the queue, by their state.", []string{"state"}, nil)

// jobStates counts the jobs when it is asked. While the database does not answer in time there is no auth_jobs at all, and
// everything else is there.
type jobStates struct{ server *Server }

// Describe names the one metric.
func (*jobStates) Describe(to chan<- *prometheus.Desc) { to <- jobsDesc }

// Collect counts.
func (j *jobStates) Collect(to chan<- prometheus.Metric) {
	counts, err := j.count()
	if err != nil {
		j.server.Log.Warn("the jobs could not be counted", "cause", err.Error())
		return
	}
	for _, state := range rivertype.JobStates() {
		to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
}

func (j *jobStates) count() (map[rivertype.JobState]int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), jobsLimit)
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
