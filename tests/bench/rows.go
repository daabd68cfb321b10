package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/alexedwards/argon2id"
)

// asJSON returns a JSON request that succeeds.
func asJSON(path string, body func(int64) []byte) ask {
	return ask{path: path, contentType: "application/json", body: body, code: 200, status: `"action-successful"`}
}

// sealed returns a request that succeeds, with params in base64.
func sealed(path string, params func(int64) []byte) ask {
	return ask{path: path, contentType: "text/plain", code: 200, status: `"action-successful"`, body: func(n int64) []byte {
		return []byte(base64.StdEncoding.EncodeToString(params(n)))
	}}
}

// refusal returns a constant request that is refused.
func refusal(a ask, body string, code int, status string) ask {
	a.body, a.code, a.status = func(int64) []byte { return []byte(body) }, code, `"`+status+`"`
	return a
}

// check returns checks by the product of this many sessions from all over the table, in turn.
func (d *data) check(sessions int, view string) ask {
	bodies := make([][]byte, sessions)
	for i := range bodies {
		bodies[i] = fmt.Appendf(nil, `{"session_token":"%s","view":"%s"}`, d.tokens[i*len(d.tokens)/sessions], view)
	}
	a := asJSON("/api/v1/sessions/read", func(n int64) []byte { return bodies[n%int64(len(bodies))] })
	a.bearer = d.product
	return a
}

// at returns the same request to a floor.
func (a ask) at(path string) ask {
	a.path = path
	return a
}

// signInParams returns params of users from all over the table, in turn.
func (d *data) signInParams(n int64) []byte {
	user := n%active*int64(d.users)/active + 1
	return fmt.Appendf(nil, `{"email":"user%d@example.com","password":"%s","application":"%s"}`, user, password, product)
}

func (d *data) signIn() ask { return sealed("/api/v1/sessions/create", d.signInParams) }

// registration returns params of new addresses at a domain.
func registration(domain string) func(int64) []byte {
	return func(n int64) []byte {
		return fmt.Appendf(nil, `{"application":"%s","client":{"email":"new%d@%s","password":"%s","first_name":"Grace","last_name":"Hopper"}}`, product, n, domain, password)
	}
}

// requests measures the rows with the cheapest hash.
func (b *bench) requests(ctx context.Context) {
	d := b.fill(ctx, "main", presentable, cheapest)
	defer d.Close()
	server := b.startServer(ctx, d.name, d.settings()...)
	defer server.stop()
	first, again, minimal := d.check(presentable, "default"), d.check(active, "default"), d.check(active, "minimal")
	register := sealed("/api/v1/clients/register", registration("server.example"))
	floor := b.startFloor(ctx, d.name, fmt.Sprintf(`{"default":%s,"minimal":%s,"signin":%s,"register":%s}`,
		server.sample(again), server.sample(minimal), server.sample(d.signIn()), server.sample(register)))
	defer floor.stop()
	withoutJobs := func(ctx context.Context) { // the jobs of mails that were sent would be looked at a minute later
		_, err := d.Pool.Exec(ctx, "DELETE FROM river_job WHERE kind = 'send_mail'")
		check(err)
	}
	mistyped := refusal(again, "{}", 401, "invalid-token")
	mistyped.bearer = d.tokens[0][:40] + d.tokens[1][40:]
	for _, r := range []struct {
		what          string
		server, floor ask
		ratio         float64
		statements    int
		before        func(context.Context)
	}{
		{"session check, first sight", first, first.at("/check"), 0.75, 1, nil},
		{"session check, seen before", again, again.at("/echo/default"), 0.75, 0, nil},
		{"session check, seen before, minimal", minimal, minimal.at("/echo/minimal"), 0.75, 0, nil},
		{"refused: bad base64", refusal(d.signIn(), "!"+string(d.signInParams(0)), 400, "invalid-encoded-params"), minimal.at("/echo/minimal"), 0.7, 0, nil},
		{"refused: missing param", refusal(d.signIn(), base64.StdEncoding.EncodeToString([]byte(`{"email":"ada@example.com"}`)), 400, "missing-param"), minimal.at("/echo/minimal"), 0.7, 0, nil},
		{"refused: bad token", mistyped, minimal.at("/echo/minimal"), 0.7, 0, nil},
		{"sign-in, cheapest hash", d.signIn(), asJSON("/sign-in", d.signInParams), 0.6, 4, nil},
		{"registration", register, asJSON("/register", registration("floor.example")), 0.6, 6, withoutJobs},
	} {
		b.compare(ctx, r.what, &side{process: server, ask: r.server, before: r.before}, &side{process: floor, ask: r.floor, before: r.before}, r.ratio, r.statements)
	}
}

// hashing measures the rows of a server with the default settings.
func (b *bench) hashing(ctx context.Context) {
	d := b.fill(ctx, "costly", active, costly)
	defer d.Close()
	var took []time.Duration
	note("start")
	for range 10 {
		server := b.startServer(ctx, d.name)
		took = append(took, server.took)
		server.stop()
	}
	slices.Sort(took)
	median := quantile(took, 0.5)
	b.add("start", fmt.Sprintf("%.0f ms", milliseconds(median)), "<= 150 ms", median <= 150*time.Millisecond)

	server := b.startServer(ctx, d.name)
	defer server.stop()
	time.Sleep(3 * time.Second) // its start-up work is over
	saturated, bare := &side{process: server, ask: d.signIn(), connections: 64}, b.bareHash()
	server.forgetPeak()
	b.size("memory, idle", server.peak(), 40)
	defer func(run time.Duration) { b.run = run }(b.run)
	b.run = max(b.run, 2*time.Second) // of a short one, the last hashes, when a core has nothing to do, would be a great share
	b.compare(ctx, "sign-in, default hash, at saturation", saturated, bare, 0.95, 4)
	b.size("memory, 64 sign-ins at once", server.peak(), 40+server.metric("auth_hash_slots")*float64(costly.Memory)*1024/1e6)
}

// bareHash returns a side that only hashes, in a process of its own.
func (b *bench) bareHash() *side {
	hash, err := argon2id.CreateHash(password, &costly)
	check(err)
	self, err := os.Executable()
	check(err)
	return &side{alone: func(ctx context.Context, limit time.Duration) (n int, seconds float64, err error) {
		cmd := exec.CommandContext(ctx, self, "hash")
		cmd.Env = []string{"HASH=" + hash, "FOR=" + limit.String()}
		said, err := cmd.Output()
		if err == nil {
			_, err = fmt.Sscan(string(said), &n, &seconds)
		}
		return n, seconds, err
	}}
}

// growthAndRevocation compare a large database with the smallest, by the same number of users and sessions of
// either, and then two replicas on the small one.
func (b *bench) growthAndRevocation(ctx context.Context) {
	var filled [2]*data
	var servers [2]*process
	var checks, signIns [2]*side
	for i, users := range []int{b.many, active} {
		d := b.fill(ctx, []string{"large", "small"}[i], users, cheapest)
		defer d.Close()
		server := b.startServer(ctx, d.name, d.settings()...)
		defer server.stop()
		forget := func(ctx context.Context) { // or the server would keep them all
			_, err := d.Pool.Exec(ctx, "SELECT pg_notify('planoauth_users', '*')")
			check(err)
			time.Sleep(50 * time.Millisecond)
		}
		filled[i], servers[i] = d, server
		checks[i] = &side{process: server, ask: d.check(active, "default"), burst: active, before: forget}
		signIns[i] = &side{process: server, ask: d.signIn(), before: d.forgetSignIns}
	}
	b.compare(ctx, fmt.Sprintf("session check, of %d and of %d", b.many, active), checks[0], checks[1], 0.9, 1)
	b.compare(ctx, fmt.Sprintf("sign-in, of %d and of %d", b.many, active), signIns[0], signIns[1], 0.9, 4)
	other := b.startServer(ctx, "small", filled[1].settings()...)
	defer other.stop()
	b.revocation(ctx, filled[1], servers[1].url, other.url)
}
