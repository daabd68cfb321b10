package tests

import (
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

func TestCompanies(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := client.WithToken(e.employee("support"))
	made := want[client.CompaniesCreateActionSuccessful](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "Eckert-Mauchly"}, token))(t).Data
	if made.Name != "Eckert-Mauchly" || !made.Active || made.CreatedAt.IsZero() {
		t.Errorf("the new company is %+v", made)
	}
	want[client.CompanyAlreadyExists](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "ECKERT-mauchly"}, token))(t)
	other := want[client.CompaniesCreateActionSuccessful](e.api.CompaniesCreate(t.Context(), client.CompaniesCreateParams{Name: "Remington Rand", View: client.Minimal}, token))(t).Data
	if other.Active {
		t.Errorf("the view minimal is %+v", other)
	}
	ada := e.user(person{client: true})
	e.exec("UPDATE clients SET company_id = $1 WHERE user_id = $2", made.ID, e.userID(ada))
	rows := []struct {
		name   string
		params client.CompaniesUpdateParams
		want   string
	}{
		{"nothing", client.CompaniesUpdateParams{ID: made.ID}, "action-successful"},
		{"a name of its own in upper case", client.CompaniesUpdateParams{ID: made.ID, Name: new("ECKERT-MAUCHLY")}, "action-successful"},
		{"the name of another", client.CompaniesUpdateParams{ID: made.ID, Name: new("remington rand")}, "company-already-exists"},
		{"inactive", client.CompaniesUpdateParams{ID: made.ID, Active: new(false)}, "action-successful"},
		{"an unknown id", client.CompaniesUpdateParams{ID: 77}, "invalid-param"},
	}
	for _, row := range rows {
		outcome, err := e.api.CompaniesUpdate(t.Context(), row.params, token)
		check(t, err)
		if outcome.Slug() != row.want {
			t.Errorf("%s: want %s, have %+v", row.name, row.want, outcome)
		}
	}
	read := want[client.CompaniesReadActionSuccessful](e.api.CompaniesRead(t.Context(), client.CompaniesReadParams{ID: made.ID, View: client.Full}, token))(t).Data
	if read.Name != "ECKERT-MAUCHLY" || read.Active || read.Clients != 1 {
		t.Errorf("the changed company is %+v", read)
	}
	want[client.InvalidParam](e.api.CompaniesRead(t.Context(), client.CompaniesReadParams{ID: 77}, token))(t)
	// Two companies may have one name from before names were unique. Other changes of them still work.
	e.exec("UPDATE companies SET name = 'ECKERT-MAUCHLY'")
	want[client.CompaniesUpdateActionSuccessful](e.api.CompaniesUpdate(t.Context(), client.CompaniesUpdateParams{ID: other.ID, Active: new(false)}, token))(t)
	if n := e.count("audit_events WHERE operation = 'companiesUpdate' AND status = 'action-successful'"); n != 4 {
		t.Errorf("there are %d audit events of changes, not 4", n)
	}
}

func TestCompaniesIndex(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec(`INSERT INTO companies (name, active, created_at) SELECT name, name <> 'Beta', now() - n * interval '1 day'
		FROM unnest('{Delta,Alpha,Beta,100% Gamma,Epsilon_1}'::text[]) WITH ORDINALITY AS l (name, n)`)
	checkList(t, []listRow[client.CompaniesIndexParams]{
		{"by name", client.CompaniesIndexParams{}, "100% Gamma Alpha Beta Delta Epsilon_1"},
		{"by name, the last first", client.CompaniesIndexParams{Sort: client.CompaniesIndexSort{By: "name"}}, "Epsilon_1 Delta Beta Alpha 100% Gamma"},
		{"the newest first", client.CompaniesIndexParams{Sort: client.CompaniesIndexSort{By: "created_at"}}, "Delta Alpha Beta 100% Gamma Epsilon_1"},
		{"inactive ones", client.CompaniesIndexParams{Filters: []string{"inactive"}}, "Beta"},
		{"a term", client.CompaniesIndexParams{Search: client.CompaniesIndexSearch{Term: "ALPH"}}, "Alpha"},
		{"a term with a percent sign", client.CompaniesIndexParams{Search: client.CompaniesIndexSearch{Term: "0% "}}, "100% Gamma"},
		{"a term with an underscore", client.CompaniesIndexParams{Search: client.CompaniesIndexSearch{Term: "n_1"}}, "Epsilon_1"},
	}, func(p client.CompaniesIndexParams, page client.ListPage) (list[client.Company], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.CompaniesIndexActionSuccessful](e.api.CompaniesIndex(t.Context(), p, client.WithToken(e.employee("viewer"))))
		return list[client.Company]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(c client.Company) string { return c.Name })
}
