package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

func TestPeopleIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, p := range []person{{client: true}, {noPassword: true}, {liaison: true}, {access: "viewer"}} {
		e.user(p)
	}
	e.exec("UPDATE users SET email = (ARRAY['dora@example.com', 'ada@example.com', 'cleo_x@example.com', 'eve@example.com'])[id], created_at = now() - id * interval '1 day'")
	e.exec("UPDATE users SET first_name = 'Łucja', last_name = 'Zoë Person', phone = '+12125552368', google_subject = 'g' WHERE email = 'ada@example.com'")
	e.exec("UPDATE users SET email_verified_at = now() WHERE email LIKE 'd%'")
	e.exec("DELETE FROM liaisons") // the record of cleo_x
	token := client.WithToken(e.session("eve@example.com", "planoauth"))
	e.exec("DELETE FROM users WHERE email LIKE 'user%'")
	search := func(term string, attributes ...client.PeopleIndexSearchAttributes) client.PeopleIndexParams {
		return client.PeopleIndexParams{Search: client.PeopleIndexSearch{Term: term, Attributes: attributes}}
	}
	filter := func(filters ...client.PeopleIndexParamsFilters) client.PeopleIndexParams {
		return client.PeopleIndexParams{Filters: filters}
	}
	checkList(t, []listRow[client.PeopleIndexParams]{
		{"the newest first", client.PeopleIndexParams{}, "dora ada cleo_x eve"},
		{"the oldest first", client.PeopleIndexParams{Sort: client.PeopleIndexSort{Order: client.Asc}}, "eve cleo_x ada dora"},
		{"by e-mail", client.PeopleIndexParams{Sort: client.PeopleIndexSort{By: "email", Order: client.Asc}}, "ada cleo_x dora eve"},
		{"by e-mail, backwards", client.PeopleIndexParams{Sort: client.PeopleIndexSort{By: "email"}}, "eve dora cleo_x ada"},
		{"unverified", filter("unverified"), "ada cleo_x eve"},
		{"recordless", filter("recordless"), "ada cleo_x"},
		{"without a password", filter("no_password"), "ada"},
		{"with Google", filter("google_linked"), "ada"},
		{"two filters", filter("unverified", "google_linked"), "ada"},
		{"two filters that nobody meets both", filter("unverified", "recordless", "google_linked", "no_password"), "ada"},
		{"a part of an e-mail", search("EO_X@"), "cleo_x"},
		{"an underscore is no wildcard", search("a_a@"), ""},
		{"a percent sign neither", search("a%a"), ""},
		{"the beginning of an e-mail", search("CL"), "cleo_x"},
		{"two characters within an e-mail", search("le"), ""},
		{"two characters of a name", search("Ad", "name"), ""},
		{"a name across first and last", search("ucja zoë"), "ada"},
		{"a name in upper case", search("ŁUCJA ZOË"), "ada"},
		{"a phone number", search("5552368"), "ada"},
		{"a phone number among e-mails", search("5552368", "email"), ""},
		{"all", search("@example.com"), "dora ada cleo_x eve"},
		{"nobody", search("nobody at all"), ""},
	}, func(p client.PeopleIndexParams, page client.ListPage) (list[client.Person], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.PeopleIndexActionSuccessful](e.api.PeopleIndex(t.Context(), p, token))
		return list[client.Person]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(p client.Person) string { name, _, _ := strings.Cut(p.Email, "@"); return name })
}

// TestSearchForMany finds more people than are sorted, nobody of whom is among the newest.
func TestSearchForMany(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec(`INSERT INTO users (email, first_name, created_at)
		SELECT CASE WHEN n > 6000 THEN 'mob' ELSE 'eve' END || n || '@example.com', 'Crowd ' || n, now() - n * interval '1 minute' FROM generate_series(1, 26100) AS n`)
	e.exec("INSERT INTO clients (user_id, created_at) SELECT id, created_at FROM users WHERE first_name LIKE 'Crowd%'")
	token := client.WithToken(e.employee("viewer"))
	for _, row := range []struct {
		term, by, order string
		number          int
		want            string
	}{
		{"CROWD", "created_at", "desc", 1, "eve1 eve2 eve3"},
		{"crowd", "created_at", "desc", 2, "eve4 eve5 eve6"},
		{"mob", "created_at", "desc", 2, "mob6004 mob6005 mob6006"},
		{"mob", "email", "asc", 1, "mob10000 mob10001 mob10002"},
		{"mob", "email", "desc", 2, "mob9996 mob9995 mob9994"},
	} {
		people := want[client.PeopleIndexActionSuccessful](e.api.PeopleIndex(t.Context(), client.PeopleIndexParams{
			Search: client.PeopleIndexSearch{Term: row.term}, Page: client.ListPage{Size: 3, Number: row.number},
			Sort: client.PeopleIndexSort{By: client.PeopleIndexSortBy(row.by), Order: client.SortOrder(row.order)},
		}, token))(t).Data.Results
		var got []string
		for _, p := range people {
			name, _, _ := strings.Cut(p.Email, "@")
			got = append(got, name)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s by %s, page %d: %v", row.term, row.by, row.number, got)
		}
	}
	newest := want[client.ClientsIndexActionSuccessful](e.api.ClientsIndex(t.Context(), client.ClientsIndexParams{
		Search: client.ClientsIndexSearch{Term: "crowd"}, Page: client.ListPage{Size: 3}}, token))(t).Data.Results
	if len(newest) != 3 || newest[0].Email != "eve1@example.com" || newest[2].Email != "eve3@example.com" {
		t.Errorf("the newest clients are %v", newest)
	}
	people := client.PeopleIndexSearch{Term: "mob"}
	clients := client.ClientsIndexSearch{Term: "mob", Attributes: []client.ClientsIndexSearchAttributes{"email", "company_name"}}
	var afterPerson, afterClient string
	for page := range 3 {
		persons := want[client.PeopleIndexActionSuccessful](e.api.PeopleIndex(t.Context(), client.PeopleIndexParams{
			Search: people, Count: true, Page: client.ListPage{Size: 2, After: afterPerson}}, token))(t).Data
		records := want[client.ClientsIndexActionSuccessful](e.api.ClientsIndex(t.Context(), client.ClientsIndexParams{
			Search: clients, Count: true, Page: client.ListPage{Size: 2, After: afterClient}}, token))(t).Data
		afterPerson, afterClient = persons.Next, records.Next
		for i := range 2 {
			address := fmt.Sprintf("mob%d@example.com", 6001+2*page+i)
			if persons.Results[i].Email != address || records.Results[i].Email != address {
				t.Errorf("want %s, have %s and %s", address, persons.Results[i].Email, records.Results[i].Email)
			}
		}
		if persons.Count < 10_001 || records.Count < 10_001 {
			t.Errorf("the counts are %d and %d", persons.Count, records.Count)
		}
	}
}

// TestCursors: page.after fits the sort that it was made for, and no other.
func TestCursors(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.user(person{client: true})
	token := client.WithToken(e.employee("viewer"))
	next := want[client.PeopleIndexActionSuccessful](e.api.PeopleIndex(t.Context(), client.PeopleIndexParams{Page: client.ListPage{Size: 1}}, token))(t).Data.Next
	for _, row := range []struct {
		name   string
		params client.PeopleIndexParams
		want   string
	}{
		{"nonsense", client.PeopleIndexParams{Page: client.ListPage{After: "nonsense"}}, "page.after format"},
		{"no place", client.PeopleIndexParams{Page: client.ListPage{After: "e30"}}, "page.after format"},
		{"another type", client.PeopleIndexParams{Page: client.ListPage{After: "eyJieSI6ImNyZWF0ZWRfYXQiLCJ2YWx1ZSI6IngiLCJpZCI6MX0"}}, "page.after format"},
		{"another sort", client.PeopleIndexParams{Page: client.ListPage{After: next}, Sort: client.PeopleIndexSort{By: "email"}}, "page.after format"},
		{"another order", client.PeopleIndexParams{Page: client.ListPage{After: next}, Sort: client.PeopleIndexSort{Order: client.Asc}}, "page.after format"},
		{"a number too", client.PeopleIndexParams{Page: client.ListPage{After: next, Number: 2}}, "page.number allowed"},
		{"a number beyond 1,000", client.PeopleIndexParams{Page: client.ListPage{Number: 1001}}, "page.number maximum"},
	} {
		outcome, err := e.api.PeopleIndex(t.Context(), row.params, token)
		check(t, err)
		if refusal, _ := outcome.(client.InvalidParam); errorsOf(refusal.Errors) != row.want {
			t.Errorf("%s: want %s, have %+v", row.name, row.want, outcome)
		}
	}
}

// TestRowsComeAndGo: with page.after no row is missed or repeated when others come and go meanwhile.
func TestRowsComeAndGo(t *testing.T) {
	t.Parallel()
	e := start(t)
	for range 6 {
		e.user(person{client: true})
	}
	e.exec("UPDATE users SET email = id || '@example.com', created_at = now() - id * interval '1 day'")
	token := client.WithToken(e.employee("viewer"))
	var seen []string
	params := client.PeopleIndexParams{Page: client.ListPage{Size: 2}, Search: client.PeopleIndexSearch{Term: "@example"}}
	for found, err := range e.api.PeopleIndexAll(t.Context(), params, token) {
		check(t, err)
		seen = append(seen, found.Email[:1])
		switch found.Email {
		case "2@example.com": // the end of a page
			e.exec("DELETE FROM users WHERE email LIKE '2%' OR email LIKE '1%'")
			e.exec("INSERT INTO users (email, created_at) VALUES ('9@example.com', now() - interval '1 hour')")
		}
	}
	if got := strings.Join(seen[len(seen)-6:], ""); got != "123456" {
		t.Errorf("the people are %s", got)
	}
}
