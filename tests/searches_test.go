package tests

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// searched is a list, and how plain SQL reads it.
type searched struct {
	path, from, match, created string
	filters                    map[string]string
}

var searchedLists = []searched{
	{"people", "users u", "lower(u.email) LIKE $1 OR lower(u.first_name || ' ' || u.last_name) LIKE $1 OR u.phone LIKE $1", "u.created_at",
		map[string]string{"": "true", "unverified": "u.email_verified_at IS NULL", "google_linked": "u.google_subject IS NOT NULL"}},
	{"clients", "clients c JOIN users u ON u.id = c.user_id",
		"lower(u.email) LIKE $1 OR lower(u.first_name || ' ' || u.last_name) LIKE $1 OR lower(c.company_name) LIKE $1", "c.created_at",
		map[string]string{"": "true", "enterprise": "c.enterprise", "inactive": "NOT c.active"}},
	{"liaisons", "liaisons l JOIN users u ON u.id = l.user_id",
		"lower(u.email) LIKE $1 OR lower(u.first_name || ' ' || u.last_name) LIKE $1", "l.created_at",
		map[string]string{"": "true", "inactive": "NOT l.active"}},
}

// TestSearches compares pages and counts with what plain SQL finds. A few match, or thousands, or too many to sort, near the
// first page and far from it.
func TestSearches(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec(`INSERT INTO users (email, first_name, created_at, email_verified_at, google_subject)
		SELECT (CASE WHEN n > 2200 THEN 'mob' WHEN n > 100 THEN 'eve' ELSE 'ann' END) || n || '@example.com', 'Crowd ' || n % 7,
			now() - n * interval '1 minute', CASE WHEN n % 3 > 0 THEN now() END, CASE WHEN n % 500 = 0 THEN n END FROM generate_series(1, 22300) AS n`)
	e.exec(`INSERT INTO clients (user_id, created_at, company_name, enterprise, active)
		SELECT id, created_at, CASE WHEN id % 3 = 0 THEN 'Eve & Co ' || id ELSE 'Shop' || id % 11 END, id % 5 = 1, id % 3000 > 0
		FROM users WHERE first_name LIKE 'Crowd%' AND id % 100 > 0`)
	e.exec("INSERT INTO liaisons (user_id, created_at, active) SELECT id, created_at, id % 7 > 0 FROM users WHERE first_name LIKE 'Crowd%' AND id % 9 = 0")
	token := e.employee("viewer")
	for _, list := range searchedLists {
		for _, term := range []string{"crowd", "crowd 3", "mob", "mob2", "eve", "ann1", "Eve & Co 7"} {
			for filter, passes := range list.filters {
				for by, sort := range map[string]string{"created_at": list.created, "email": `lower(u.email COLLATE "C")`} {
					e.checkSearch(list, term, filter, passes, by, sort, token)
				}
			}
		}
	}
}

// checkSearch reads two pages one after the other, and the third by its number, in both orders.
func (e *env) checkSearch(list searched, term, filter, passes, by, sort, token string) {
	e.t.Helper()
	for _, order := range []string{"asc", "desc"} {
		const size = 3
		matching := fmt.Sprintf("FROM %s WHERE (%s) AND %s", list.from, list.match, passes)
		pattern := "%" + strings.ToLower(term) + "%"
		rows, err := e.pool.Query(e.t.Context(), fmt.Sprintf("SELECT u.email %s ORDER BY %s %s LIMIT %d", matching, sort, order, 3*size), pattern)
		check(e.t, err)
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		check(e.t, err)
		params := map[string]any{"search": map[string]string{"term": term}, "sort": map[string]string{"by": by, "order": order}}
		if filter != "" {
			params["filters"] = []string{filter}
		}
		first := e.searchPage(list.path, params, map[string]any{"size": size}, token)
		third := e.searchPage(list.path, params, map[string]any{"size": size, "number": 3}, token)
		var second foundPage
		if first.next != "" {
			second = e.searchPage(list.path, params, map[string]any{"size": size, "after": first.next}, token)
		}
		if got := slices.Concat(first.emails, second.emails, third.emails); !slices.Equal(got, want) {
			e.t.Errorf("%s with %q, %q, by %s %s: want %q, have %q", list.path, term, filter, by, order, want, got)
		}
		params["count"] = true
		counted := e.searchPage(list.path, params, map[string]any{"size": size}, token)
		if !slices.Equal(counted.emails, first.emails) {
			e.t.Errorf("%s with %q, %q, by %s %s: want %q, with a count %q", list.path, term, filter, by, order, first.emails, counted.emails)
		}
		var number int64
		check(e.t, e.pool.QueryRow(e.t.Context(), "SELECT count(*) "+matching, pattern).Scan(&number))
		const exact = 10_000 // of more, the answer has an estimate
		if right := number <= exact && counted.count == number || number > exact && counted.count > exact; !right {
			e.t.Errorf("%s with %q, %q: %d match, the count is %d", list.path, term, filter, number, counted.count)
		}
	}
}

// foundPage is a page of a list: the e-mail addresses, page.after of the next page, and the count.
type foundPage struct {
	emails []string
	next   string
	count  int64
}

func (e *env) searchPage(path string, params, page map[string]any, token string) foundPage {
	e.t.Helper()
	params["page"] = page
	text, err := json.Marshal(params)
	check(e.t, err)
	a := e.send("POST", "/api/v1/"+path+"/index", text, append(bearer(token), "Content-Type", "application/json")...)
	var answer struct {
		Data struct {
			Results []struct{ Email string }
			Next    string
			Count   int64
		}
	}
	check(e.t, json.Unmarshal([]byte(a.text), &answer))
	if a.status() != "action-successful" {
		e.t.Fatalf("%s answers %s", text, a.text)
	}
	found := foundPage{next: answer.Data.Next, count: answer.Data.Count}
	for _, row := range answer.Data.Results {
		found.emails = append(found.emails, row.Email)
	}
	return found
}
