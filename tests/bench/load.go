package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// ask is one kind of request, with the expected answer.
type ask struct {
	path, contentType, bearer string
	body                      func(n int64) []byte // of the nth request
	code                      int
	status                    string // its slug; "" where a floor answers
}

// side is one of the two sides that a row compares.
type side struct {
	*process // nil where there is nothing to ask
	ask
	connections int                                                                              // the usual number when 0
	burst       int                                                                              // so many requests in a row; 0 for no end
	before      func(context.Context)                                                            // each burst, not measured
	alone       func(ctx context.Context, limit time.Duration) (n int, seconds float64, _ error) // of one that works by itself

	client *fasthttp.HostClient // fasthttp's costs a third of what net/http's does, which would be measured with both sides
	next   atomic.Int64         // the number of the next request
	got    measured
}

// measured is what a side has shown. All numbers are for one request, except Rate.
type measured struct {
	Rate       float64 `json:"rate"`   // requests a second, the median of the runs
	P50        float64 `json:"p50_ms"` // of all runs together
	P99        float64 `json:"p99_ms"`
	CPU        float64 `json:"cpu_us"` // of the process
	Statements float64 `json:"statements"`
	Allocs     float64 `json:"allocs"` // 0 of a floor

	rates     []float64
	latencies []time.Duration
	cost      cost
}

// measure runs once. A warm-up is not recorded.
func (s *side) measure(ctx context.Context, limit time.Duration, keep bool) {
	if s.alone != nil {
		n, seconds, err := s.alone(ctx, limit)
		check(err)
		if keep {
			s.got.rates = append(s.got.rates, float64(n)/seconds)
		}
		return
	}
	var latencies []time.Duration
	var took time.Duration
	before := s.spent(ctx)
	for took < limit {
		if s.before != nil {
			s.before(ctx)
		}
		began := time.Now()
		latencies = append(latencies, s.loop(ctx, began.Add(limit-took))...)
		took += time.Since(began)
	}
	if after := s.spent(ctx); keep {
		s.got.latencies = append(s.got.latencies, latencies...)
		s.got.rates = append(s.got.rates, float64(len(latencies))/took.Seconds())
		s.got.cost.add(after, before)
	}
}

// loop asks until the deadline, or until the burst is over: as soon as an answer is there, its connection
// asks again.
func (s *side) loop(ctx context.Context, deadline time.Time) []time.Duration {
	s.connect()
	var left atomic.Int64
	left.Store(math.MaxInt64)
	if s.burst > 0 {
		left.Store(int64(s.burst))
	}
	latencies, failures := make([][]time.Duration, s.connections), make([]error, s.connections)
	var working sync.WaitGroup
	for i := range s.connections {
		working.Go(func() {
			req, res := s.request(), &fasthttp.Response{}
			for began := time.Now(); began.Before(deadline) && ctx.Err() == nil && left.Add(-1) >= 0; {
				req.SetBodyRaw(s.body(s.next.Add(1)))
				if failures[i] = s.once(req, res); failures[i] != nil {
					return
				}
				now := time.Now()
				latencies[i] = append(latencies[i], now.Sub(began))
				began = now
			}
		})
	}
	working.Wait()
	for _, err := range append(failures, ctx.Err()) {
		check(err)
	}
	return slices.Concat(latencies...)
}

func (s *side) connect() {
	if s.connections == 0 {
		s.connections = connections
	}
	if s.client == nil {
		s.client = &fasthttp.HostClient{Addr: strings.TrimPrefix(s.url, "http://"), MaxConns: s.connections, ReadTimeout: 30 * time.Second}
	}
}

// sample returns one answer.
func (p *process) sample(a ask) string {
	s := &side{process: p, ask: a}
	s.connect()
	req, res := s.request(), &fasthttp.Response{}
	req.SetBodyRaw(s.body(0))
	check(s.once(req, res))
	return string(res.Body())
}

func (s *side) request() *fasthttp.Request {
	req := &fasthttp.Request{}
	req.SetRequestURI(s.url + s.path)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType(s.contentType)
	if s.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	return req
}

func (s *side) once(req *fasthttp.Request, res *fasthttp.Response) error {
	if err := s.client.Do(req, res); err != nil {
		return err
	}
	if res.StatusCode() != s.code || !bytes.Contains(res.Body(), []byte(s.status)) {
		return fmt.Errorf("%s: %s answers %d, not %d %s: %s", s.name, s.path, res.StatusCode(), s.code, s.status, res.Body())
	}
	return nil
}

// finish works out what all runs together have shown.
func (m *measured) finish() {
	slices.Sort(m.rates)
	m.Rate = m.rates[len(m.rates)/2]
	if n := float64(len(m.latencies)); n > 0 {
		slices.Sort(m.latencies)
		m.P50, m.P99 = milliseconds(quantile(m.latencies, 0.5)), milliseconds(quantile(m.latencies, 0.99))
		m.CPU, m.Statements, m.Allocs = m.cost.cpu*1e6/n, m.cost.statements/n, m.cost.mallocs/n
	}
}

// quantile returns a quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
