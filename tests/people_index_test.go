package tests

import (
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
