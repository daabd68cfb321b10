package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/token"
)

const (
	listRuns  = 3 // of which the median counts
	firstPage = 50 * time.Millisecond
	counting  = 500 * time.Millisecond
)

// crowd fills a database for the lists, without triggers: users with names, five sessions each, and ten audit events
// each. The last users and events are the newest, as they would be.
var crowd = []string{
	"DELETE FROM clients WHERE user_id % 3000 = 0",
	`UPDATE clients SET created_at = now() - (SELECT count(*) FROM users) * interval '7 seconds' + id * interval '7 seconds',
		company_name = 'Company ' || to_hex(id * 40503 % 65536), active = id % 2000 <> 0,
		enterprise = id % 40 = 1 AND id % 3 <> 0, company_id = CASE WHEN id % 3 = 0 THEN 1 + id % 100000 END, company_confirmed = id % 90 <> 0`,
	`INSERT INTO companies (name, created_at, active)
		SELECT 'Company ' || to_hex(i * 40503), now() - i * interval '1 minute', i % 500 <> 0 FROM generate_series(1, 100000::bigint) AS i`,
	"INSERT INTO liaisons (user_id, created_at, active) SELECT id, created_at, id % 3000 <> 1 FROM users WHERE id % 100 = 1",
	`INSERT INTO employees (user_id, created_at, access, active)
		SELECT id, created_at, CASE WHEN id % 50000 = 2 THEN 'admin' ELSE 'support' END, id % 15000 <> 2 FROM users WHERE id % 5000 = 2`,
	`UPDATE users SET first_name = (ARRAY['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Katherine', 'Łukasz', 'Zoë'])[1 + id % 8],
		last_name = 'Person' || to_hex(id * 2654435761 % 4294967296), phone = '+1212' || lpad((id % 10000000)::text, 7, '0'),
		created_at = now() - (SELECT count(*) FROM users) * interval '7 seconds' + id * interval '7 seconds',
		email_verified_at = CASE WHEN id % 100 <> 0 THEN now() END, google_subject = CASE WHEN id % 50 = 0 THEN 'g' || id END,
		password_hash = CASE WHEN id % 70 <> 0 THEN password_hash END, recordless = id % 3000 = 0 AND id % 100 <> 1 AND id % 5000 <> 2`,
	`INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
		SELECT u.id, 2, sha256((u.id || '/' || n)::bytea), 'password', now() - u.id % 600000 * interval '1 second', now()
		FROM users u, generate_series(1, 4) AS n`,
	// Sign-ins above all, a few of which are refused. Every seventh event is one of the support looking at somebody.
	`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, application, request_id, ip, user_agent, administration)
		SELECT now() - i * interval '1 second', operation, status, CASE WHEN status <> 'action-successful' THEN NULL WHEN administered THEN employee ELSE person END,
			person, 'planoorder', upper(substr(md5(i::text), 1, 26)), '192.0.2.1', 'bench', administered
		FROM (SELECT count(*) AS users FROM users) AS u, generate_series(10 * users, 1, -1) AS i,
			LATERAL (SELECT 1 + i * 7919 % users AS person, 2 + i % (users / 5000) * 5000 AS employee, i % 7 = 6 AS administered,
				CASE WHEN i % 7000 = 6 THEN 'peopleUpdate' ELSE (ARRAY['sessionsCreate', 'sessionsCreate', 'sessionsCreate', 'sessionsDelete', 'usersUpdate',
					'clientsRegister', 'peopleRead'])[1 + i % 7] END AS operation,
				CASE WHEN i % 50 = 0 AND i % 7 < 3 THEN 'invalid-password' WHEN i % 700000 = 1 THEN 'user-suspended' ELSE 'action-successful' END AS status) AS event`,
	"VACUUM ANALYZE", "CHECKPOINT",
}

// terms are texts that all rows have, many, a few, and none.
var terms = []string{"example.com", "person", "user777@", "grace person1f", "12345", "777@", "77@", "user12", "us", "nothing at all"}

// asked are values of the params that have no others in the spec: of what many rows have, a few, and none.
var asked = map[string][]any{
	"user_id":   {777, 2, 1 << 40},
	"operation": {"sessionsCreate", "peopleUpdate", "companiesCreate"},
	"status":    {"action-successful", "invalid-password", "user-suspended", "slug-taken"},
}

// lists measures the first page of each administrative index operation, with each value of each param and each pair of
// values, and then its count.
func (b *bench) lists(ctx context.Context) {
	d := b.fill(ctx, "lists", b.many/5, cheapest)
	defer d.Close()
	note("filling it with names, records, sessions and audit events")
	set := func(setting string) {
		_, err := d.Pool.Exec(ctx, "ALTER DATABASE lists SET "+setting)
		check(err)
	}
	set("session_replication_role = replica")
	d.Pool.Reset()
	for _, statement := range crowd {
		_, err := d.Pool.Exec(ctx, statement)
		check(err)
	}
	for _, setting := range []string{
		"session_replication_role = origin", "session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0",
		"auto_explain.log_analyze = on", "auto_explain.log_timing = off", "auto_explain.log_format = json",
	} {
		set(setting)
	}
	text, digest := token.New(token.Session)
	_, err := d.Pool.Exec(ctx, `
WITH admin AS (INSERT INTO users (email, email_verified_at, recordless) VALUES ('admin@planoauth.example', now(), false) RETURNING id),
	employee AS (INSERT INTO employees (user_id, access) SELECT id, 'admin' FROM admin)
INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
SELECT admin.id, a.id, $1, 'password', now(), now() FROM admin, applications a WHERE a.slug = 'planoauth'`, digest[:])
	check(err)
	server := b.startServer(ctx, d.name, d.settings()...)
	defer server.stop()
	log, err := os.Open(filepath.Join(b.dir, "postgres", "log"))
	check(err)
	defer log.Close()
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	check(err)
	for _, op := range gen.Operations {
		params := doc.Components.Schemas[op.Params].Value.Properties
		if op.Access == "" || params["page"] == nil {
			continue
		}
		note(string(op.ID))
		l := &lister{bench: b, url: server.url, op: op, token: text, log: log}
		l.measure(params)
	}
}

// values lists what to ask an index operation with for each of its params.
func values(params openapi3.Schemas) map[string][]any {
	texts := func(ref *openapi3.SchemaRef) (values []string) {
		for _, value := range ref.Value.Enum {
			values = append(values, value.(string))
		}
		return values
	}
	all := map[string][]any{}
	for param, values := range asked {
		if params[param] != nil {
			all[param] = values
		}
	}
	if sort := params["sort"]; sort != nil {
		for _, by := range texts(sort.Value.Properties["by"]) {
			all["sort"] = append(all["sort"], map[string]any{"by": by, "order": "asc"}, map[string]any{"by": by, "order": "desc"})
		}
	}
	if filters := params["filters"]; filters != nil {
		names := texts(filters.Value.Items)
		for i, filter := range names {
			all["filters"] = append(all["filters"], []string{filter})
			for _, other := range names[:i] {
				all["filters"] = append(all["filters"], []string{other, filter})
			}
		}
	}
	if search := params["search"]; search != nil {
		shortest := int(search.Value.Properties["term"].Value.MinLength)
		for _, term := range terms {
			if len(term) < shortest {
				continue
			}
			all["search"] = append(all["search"], map[string]any{"term": term})
			for _, attribute := range texts(search.Value.Properties["attributes"].Value.Items) {
				all["search"] = append(all["search"], map[string]any{"term": term, "attributes": []string{attribute}})
			}
		}
	}
	return all
}

// narrowed reports whether a value is a search in one attribute.
func narrowed(value any) bool {
	search, _ := value.(map[string]any)
	return search["attributes"] != nil
}

// variants lists the params to ask an index operation with: each value alone, and pairs, in which a
// search is one in all attributes.
func variants(params openapi3.Schemas) (single, pairs []map[string]any) {
	always := map[string]any{}
	if params["id"] != nil {
		always["id"] = 777
	}
	with := func(variant map[string]any, param string, value any) map[string]any {
		variant = maps.Clone(variant)
		variant[param] = value
		return variant
	}
	single = []map[string]any{always}
	all := values(params)
	for _, param := range slices.Sorted(maps.Keys(all)) {
		for _, value := range all[param] {
			one := with(always, param, value)
			single = append(single, one)
			for other := range all {
				for _, more := range all[other] {
					if other > param && !narrowed(value) && !narrowed(more) {
						pairs = append(pairs, with(one, other, more))
					}
				}
			}
		}
	}
	return single, pairs
}

type lister struct {
	*bench
	url, token string
	op         *gen.Operation
	log        *os.File // of Postgres, read up to the last request
}

// measure adds a row for each value of each param, and for each pair that misses its goal. Of the other pairs the
// slowest has a row.
func (l *lister) measure(params openapi3.Schemas) {
	single, pairs := variants(params)
	for _, count := range []bool{false, true} {
		goal := firstPage
		if count {
			goal = counting
		}
		for _, variant := range single {
			l.ask(variant, count).addTo(l.bench, "", goal)
		}
		var slowest answered
		met := 0
		for _, variant := range pairs {
			a := l.ask(variant, count)
			if a.took > goal {
				a.addTo(l.bench, "", goal)
				continue
			}
			met++
			if a.took > slowest.took {
				slowest = a
			}
		}
		if met > 0 {
			slowest.addTo(l.bench, fmt.Sprintf("the slowest of %d pairs: ", met), goal)
		}
	}
}

// answered is how long the answers to a list took.
type answered struct {
	what string
	took time.Duration // the median
	plan string
}

func (a answered) addTo(b *bench, which string, goal time.Duration) {
	b.add(which+a.what, fmt.Sprintf("%.1f ms", milliseconds(a.took)), fmt.Sprintf("<= %v  %s", goal, a.plan), a.took <= goal)
}

// ask asks for one variant, with or without its count.
func (l *lister) ask(params map[string]any, count bool) answered {
	if count {
		params = maps.Clone(params)
		params["count"] = true
	}
	body, err := json.Marshal(params)
	check(err)
	var took []time.Duration
	l.log.Seek(0, io.SeekEnd)
	for range listRuns {
		req, err := http.NewRequest(l.op.Method, l.url+l.op.Path, bytes.NewReader(body))
		check(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+l.token)
		began := time.Now()
		res, err := http.DefaultClient.Do(req)
		check(err)
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		took = append(took, time.Since(began))
		if res.StatusCode != http.StatusOK {
			check(fmt.Errorf("%s %s answers %s", l.op.ID, body, res.Status))
		}
	}
	slices.Sort(took)
	text, err := io.ReadAll(l.log)
	check(err)
	return answered{fmt.Sprintf("%s %s", l.op.ID, body), took[listRuns/2], slowestPlan(string(text))}
}

// plan is a node of a plan, as Postgres logs it.
type plan struct {
	Node     string  `json:"Node Type"`
	Index    string  `json:"Index Name"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"` // of one loop
	Removed  float64 `json:"Rows Removed by Filter"`
	Recheck  float64 `json:"Rows Removed by Index Recheck"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []plan
}

// slowestPlan returns what the slowest statement in a log read, and how many rows of it. It passes over the check of
// the token and over what goes on in the background.
func slowestPlan(log string) string {
	var slowest float64
	var scans []string
	for _, entry := range strings.Split(log, "duration: ")[1:] {
		var took float64
		var logged struct {
			Text string `json:"Query Text"`
			Plan plan
		}
		_, text, found := strings.Cut(entry, "plan:")
		if _, err := fmt.Sscan(entry, &took); err != nil || !found || took <= slowest {
			continue
		}
		err := json.NewDecoder(strings.NewReader(text)).Decode(&logged)
		if err != nil || strings.Contains(logged.Text, "token_digest") || strings.Contains(logged.Text, "river_") {
			continue
		}
		slowest, scans = took, logged.Plan.scans(nil)
	}
	return fmt.Sprintf("%.1f ms: %s", slowest, strings.Join(scans, ", "))
}

// scans adds the nodes that read or sort rows to a list.
func (p *plan) scans(all []string) []string {
	if (strings.HasSuffix(p.Node, "Scan") || strings.HasSuffix(p.Node, "Sort")) && p.Loops > 0 {
		name := p.Node
		if p.Index+p.Relation != "" {
			name += " " + cmp.Or(p.Index, p.Relation)
		}
		all = append(all, fmt.Sprintf("%s (%.0f)", name, (p.Rows+p.Removed+p.Recheck)*p.Loops))
	}
	for i := range p.Plans {
		all = p.Plans[i].scans(all)
	}
	return all
}
