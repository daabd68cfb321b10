package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/procfs"
)

// process is a server or a floor: a process of its own, on a loopback port, that writes its log into a file.
type process struct {
	name, url, metrics, log string        // metrics is "" of a floor
	took                    time.Duration // from the start of the process until it was ready

	database string        // whose statements are counted
	admin    *pgxpool.Pool // which counts them
	cmd      *exec.Cmd
	proc     procfs.Proc
}

// startServer starts the server on a database. The requests of an address are counted, but have too high a
// limit to be refused; all else that settings do not say is as by default.
func (b *bench) startServer(ctx context.Context, database string, settings ...string) *process {
	metrics := freeAddress()
	p := &process{name: "the server on " + database, database: database, metrics: "http://" + metrics + "/metrics"}
	b.start(ctx, p, []string{b.program, "serve"}, append(settings, "METRICS_ADDR="+metrics, "THROTTLE_ADDRESS=1000000000", "THROTTLE_REGISTRATIONS=0",
		"MANDRILL_API_KEY=md-bench", "MANDRILL_URL="+b.mandrill, "MAIL_FROM=auth@planoauth.example"))
	return p
}

// startFloor starts a floor on a database. samples are the answers that it gives.
func (b *bench) startFloor(ctx context.Context, database, samples string) *process {
	self, err := os.Executable()
	check(err)
	p := &process{name: "the floor on " + database, database: database}
	b.start(ctx, p, []string{self, "floor"}, []string{"MANDRILL_URL=" + b.mandrill, "SAMPLES=" + samples})
	return p
}

func (b *bench) start(ctx context.Context, p *process, command, environment []string) {
	address := freeAddress()
	p.url, p.admin, p.log = "http://"+address, b.admin, filepath.Join(b.dir, address+".log")
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	check(err)
	defer log.Close()
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.Env = append(environment, "DRAIN_SECONDS=0", "ADDR="+address, "DATABASE_URL="+b.urlOf(p.database))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 20 * time.Second // which is longer than the server takes to stop
	began := time.Now()
	check(p.cmd.Start())
	for !p.ready() {
		if ctx.Err() != nil || time.Since(began) > 30*time.Second {
			said, _ := os.ReadFile(p.log)
			p.stop()
			check(fmt.Errorf("%s is not ready: %s", p.name, said))
		}
		time.Sleep(time.Millisecond)
	}
	p.took = time.Since(began)
	p.proc, err = procfs.NewProc(p.cmd.Process.Pid)
	check(err)
}

func (p *process) ready() bool {
	res, err := http.Get(p.url + "/health/ready")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// stop ends the process. It may be called again.
func (p *process) stop() {
	if err := p.cmd.Cancel(); !errors.Is(err, os.ErrProcessDone) {
		check(err)
		p.cmd.Wait() // how a floor ends is no matter
	}
}

// cost is what a process has used since its start.
type cost struct{ cpu, statements, mallocs float64 }

func (c *cost) add(after, before cost) {
	c.cpu += after.cpu - before.cpu
	c.statements += after.statements - before.statements
	c.mallocs += after.mallocs - before.mallocs
}

// spent asks the system, Postgres and the server. The statements are those of the whole database, save what
// keeps mails and other jobs going. The log is emptied.
func (p *process) spent(ctx context.Context) (c cost) {
	check(os.Truncate(p.log, 0))
	check(p.admin.QueryRow(ctx, `
SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
WHERE datname = $1 AND query !~ '\m(mails|river_\w+)\M'`, p.database).Scan(&c.statements))
	stat, err := p.proc.Stat()
	check(err)
	c.cpu = stat.CPUTime()
	if p.metrics != "" {
		c.mallocs = p.metric("go_memstats_mallocs_total")
	}
	return c
}

// metric returns the value of a metric without labels.
func (p *process) metric(name string) float64 {
	res, err := http.Get(p.metrics)
	check(err)
	defer res.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(res.Body)
	check(err)
	found := families[name].GetMetric()
	if len(found) != 1 {
		check(fmt.Errorf("/metrics has no %s", name))
	}
	return found[0].GetCounter().GetValue() + found[0].GetGauge().GetValue()
}

// peak returns the peak of resident memory since forgetPeak, in bytes.
func (p *process) peak() float64 {
	status, err := p.proc.NewStatus()
	check(err)
	return float64(status.VmHWM)
}

func (p *process) forgetPeak() {
	check(os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.proc.PID), []byte("5"), 0))
}

// urlOf returns the URL of another database of the cluster.
func (b *bench) urlOf(database string) string {
	address, err := url.Parse(b.admin.Config().ConnString())
	check(err)
	address.Path = database
	address.RawQuery += "&pool_max_conns=" + strconv.Itoa(poolSize)
	return address.String()
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	return listener.Addr().String()
}
