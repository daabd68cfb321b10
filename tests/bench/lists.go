package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

// crowd fills a database for the lists: users with names, five sessions each, and ten audit events each.
var crowd = []string{
	`UPDATE users SET first_name = (ARRAY['Ada','Grace','Alan','Edsger','Barbara','Katherine','Łukasz','Zoë'])[1 + id % 8],
		last_name = 'Person' || to_hex(id * 2654435761 % 4294967296), phone = '+1212' || lpad((id % 10000000)::text, 7, '0'),
		created_at = now() - id * interval '7 seconds'`,
	`UPDATE users SET email_verified_at = NULL WHERE id % 1000 = 0`,
	`UPDATE users SET google_subject = 'g' || id WHERE id % 5000 = 0`,
	`UPDATE users SET password_hash = NULL WHERE id % 7000 = 0`,
	`DELETE FROM clients WHERE user_id % 3000 = 0`,
	`UPDATE clients SET created_at = now() - id * interval '7 seconds', company_name = 'Company ' || to_hex(id * 40503 % 65536), active = id % 2000 <> 0`,
	`INSERT INTO companies (name, created_at, active) SELECT 'Company ' || to_hex(i::bigint * 40503), now() - i * interval '1 minute', i % 500 <> 0 FROM generate_series(1, 100000) AS i`,
	`UPDATE clients SET company_id = 1 + id % 100000 WHERE id % 3 = 0`,
	`INSERT INTO liaisons (user_id) SELECT id FROM users WHERE id % 100 = 1`,
	`INSERT INTO employees (user_id, access) SELECT id, 'viewer' FROM users WHERE id % 5000 = 2`,
	`INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
		SELECT u.id, 2, sha256((u.id || '/' || n)::bytea), 'password', now() - u.id % 600000 * interval '1 second', now() FROM users u, generate_series(1, 4) AS n`,
	`INSERT INTO audit_events (created_at, operation, status, actor_id, subject_id, application, request_id, ip, user_agent)
		SELECT now() - i * interval '1 second',
			(ARRAY['sessionsCreate','sessionsCreate','sessionsCreate','sessionsDelete','usersUpdate','clientsRegister','peopleRead'])[1 + i % 7],
			CASE WHEN i % 50 = 0 THEN 'invalid-password' ELSE 'action-successful' END,
			1 + i::bigint * 7919 % (SELECT count(*) FROM users), 1 + i::bigint * 7919 % (SELECT count(*) FROM users), 'planoorder', upper(substr(md5(i::text), 1, 26)), '192.0.2.1', 'bench'
		FROM generate_series(1, 10 * (SELECT count(*) FROM users)) AS i`,
}

// lists measures the first page of each administrative index operation: sorted in every way, filtered, and
// searched for what all rows have, a few, and none; and then its count.
func (b *bench) lists(ctx context.Context) {
	d := b.fill(ctx, "lists", b.many/5, cheapest)
	defer d.Close()
	note("filling it with names, records, sessions and audit events")
	for _, statement := range append([]string{"SET session_replication_role = replica"}, append(crowd, "VACUUM ANALYZE", "CHECKPOINT")...) {
		if strings.HasPrefix(statement, "SET") {
			_, err := d.Pool.Exec(ctx, "ALTER DATABASE lists SET session_replication_role = replica")
			check(err)
			d.Pool.Reset()
			continue
		}
		_, err := d.Pool.Exec(ctx, statement)
		check(err)
	}
	for _, setting := range []string{"session_replication_role = origin", "session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0"} {
		_, err := d.Pool.Exec(ctx, "ALTER DATABASE lists SET "+setting)
		check(err)
	}
	text, digest := token.New(token.Session)
	_, err := d.Pool.Exec(ctx, `
WITH admin AS (INSERT INTO users (email, email_verified_at) VALUES ('admin@planoauth.example', now()) RETURNING id),
	employee AS (INSERT INTO employees (user_id, access) SELECT id, 'admin' FROM admin)
INSERT INTO sessions (user_id, application_id, token_digest, method, created_at, last_used_at)
SELECT admin.id, a.id, $1, 'password', now(), now() FROM admin, applications a WHERE a.slug = 'planoauth'`, digest[:])
	check(err)
	server := b.startServer(ctx, d.name, d.settings()...)
	defer server.stop()
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	check(err)
	for _, op := range gen.Operations {
		params := doc.Components.Schemas[op.Params].Value.Properties
		if op.Access == "" || params["page"] == nil {
			continue
		}
		l := &lister{bench: b, url: server.url, op: op, token: text, log: filepath.Join(b.dir, "postgres", "log")}
		for _, variant := range variants(params) {
			l.measure(variant)
		}
	}
}

// variants lists the params to ask an index operation with.
func variants(params openapi3.Schemas) (all []map[string]any) {
	texts := func(ref *openapi3.SchemaRef) (values []string) {
		for _, value := range ref.Value.Enum {
			values = append(values, value.(string))
		}
		return values
	}
	all = append(all, map[string]any{})
	if sort := params["sort"]; sort != nil {
		for _, by := range texts(sort.Value.Properties["by"]) {
			for _, order := range []string{"asc", "desc"} {
				all = append(all, map[string]any{"sort": map[string]any{"by": by, "order": order}})
			}
		}
	}
	if filters := params["filters"]; filters != nil {
		for _, filter := range texts(filters.Value.Items) {
			all = append(all, map[string]any{"filters": []string{filter}})
		}
	}
	if params["search"] != nil {
		for _, term := range []string{"example.com", "person", "user777@", "grace person1f", "12345", "nothing at all"} {
			all = append(all, map[string]any{"search": map[string]any{"term": term}})
		}
	}
	for _, variant := range slices.Clone(all) {
		counted := maps.Clone(variant)
		counted["count"] = true
		all = append(all, counted)
	}
	return all
}

type lister struct {
	*bench
	url, token, log string
	op              *gen.Operation
}

// measure adds a row for one variant, with the indexes that its slowest statement used.
func (l *lister) measure(params map[string]any) {
	body, err := json.Marshal(params)
	check(err)
	var took []time.Duration
	before, _ := os.ReadFile(l.log)
	for range listRuns {
		req, err := http.NewRequest(l.op.Method, l.url+l.op.Path, bytes.NewReader(body))
		check(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+l.token)
		began := time.Now()
		res, err := http.DefaultClient.Do(req)
		check(err)
		res.Body.Close()
		took = append(took, time.Since(began))
		if res.StatusCode != http.StatusOK {
			check(fmt.Errorf("%s %s answers %s", l.op.ID, body, res.Status))
		}
	}
	slices.Sort(took)
	goal := firstPage
	if params["count"] == true {
		goal = counting
	}
	after, _ := os.ReadFile(l.log)
	plan := plans(string(after[min(len(before), len(after)):]))
	median := took[listRuns/2]
	l.add(fmt.Sprintf("%s %s", l.op.ID, body), fmt.Sprintf("%.1f ms", milliseconds(median)), fmt.Sprintf("<= %v  %s", goal, plan), median <= goal)
}

var planLine = regexp.MustCompile(`(?m)((?:Parallel |Bitmap )?(?:Index Only Scan|Index Scan|Bitmap Index Scan|Seq Scan|Sort|Hash Join)(?: using| on)? ?\w*)`)

// plans returns the scans of the statements in a log, each once.
func plans(log string) string {
	found := planLine.FindAllString(log, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), ", ")
}
