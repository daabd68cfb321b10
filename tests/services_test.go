package tests

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl/mailer"
)

// administration are the services that cannot be undeployed by operations.
var administration = []string{"applications", "employees", "routes", "services", "sessions"}

func TestServices(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.api = connect(t, e.replica(cheapSettings, &mailer.Mailbox{}), e.http)
	admin, viewer := client.WithToken(e.employee("admin")), client.WithToken(e.employee("viewer"))
	var services []client.Service
	checkList(t, []listRow[client.ServicesIndexParams]{
		{"by slug", client.ServicesIndexParams{}, strings.Join(slices.Sorted(slices.Values(serviceNames())), " ")},
	}, func(p client.ServicesIndexParams, page client.ListPage) (list[client.Service], error) {
		p.Page, p.Count, p.View = page, true, client.Full
		outcome, err := client.Only[client.ServicesIndexActionSuccessful](e.api.ServicesIndex(t.Context(), p, viewer))
		if page.Size == 100 {
			services = outcome.Data.Results
		}
		return list[client.Service]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(s client.Service) string { return s.Slug })
	ids := map[string]int64{}
	for _, service := range services {
		ids[service.Slug] = service.ID
		routes := 0
		for _, op := range specOperations() {
			if op.op.Tags[0] == service.Slug {
				routes++
			}
		}
		if !service.Deployed || service.DeployedAt.IsZero() || service.Routes != int64(routes) {
			t.Errorf("a service is %+v, and has %d routes", service, routes)
		}
	}
	update := func(id int64, deployed bool) client.Service {
		t.Helper()
		return want[client.ServicesUpdateActionSuccessful](e.api.ServicesUpdate(t.Context(), client.ServicesUpdateParams{ID: id, Deployed: deployed}, admin))(t).Data
	}
	asked := func(e *env) string {
		outcome, err := e.api.CompaniesIndex(t.Context(), client.CompaniesIndexParams{}, viewer)
		check(t, err)
		return outcome.Slug()
	}
	e.exec("UPDATE services SET deployed_at = '2026-01-02 03:04:05Z'")
	if kept := update(ids["companies"], true); !kept.DeployedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("deployed again it is %+v", kept)
	}
	if gone := update(ids["companies"], false); gone.Deployed || !gone.DeployedAt.IsZero() {
		t.Errorf("undeployed it is %+v", gone)
	}
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "it is undeployed", func() bool { return asked(replica) == "service-not-found" })
	}
	if back := update(ids["companies"], true); !back.Deployed || time.Since(back.DeployedAt) > time.Hour {
		t.Errorf("deployed again it is %+v", back)
	}
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "it is deployed", func() bool { return asked(replica) == "action-successful" })
	}
	for _, slug := range serviceNames() {
		outcome, err := e.api.ServicesUpdate(t.Context(), client.ServicesUpdateParams{ID: ids[slug], Deployed: false}, admin)
		check(t, err)
		refused, _ := outcome.(client.InvalidParam)
		if needed := slices.Contains(administration, slug); needed && (len(refused.Errors) != 1 || refused.Errors[0].Param != "deployed" || refused.Errors[0].Rule != "allowed") ||
			!needed && outcome.Slug() != "action-successful" {
			t.Errorf("undeploying %s answers %+v", slug, outcome)
		}
	}
	refused := want[client.InvalidParam](e.api.ServicesUpdate(t.Context(), client.ServicesUpdateParams{ID: 7777, Deployed: true}, admin))(t)
	if refused.Errors[0].Param != "id" || refused.Errors[0].Rule != "exists" {
		t.Errorf("an unknown service: %+v", refused.Errors)
	}
}

func serviceNames() (names []string) {
	for _, tag := range spec().Tags {
		names = append(names, tag.Name)
	}
	return names
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	e := start(t)
	other := *e
	other.api = connect(t, e.replica(cheapSettings, &mailer.Mailbox{}), e.http)
	admin, viewer := client.WithToken(e.employee("admin")), client.WithToken(e.employee("viewer"))
	var paths, companies []string
	for _, op := range specOperations() {
		paths = append(paths, op.path)
		if op.op.Tags[0] == "companies" {
			companies = append(companies, op.path)
		}
	}
	slices.Sort(paths)
	slices.Sort(companies)
	e.exec("UPDATE routes SET deployed_at = NULL WHERE path = '/api/v1/companies/read'")
	e.exec("INSERT INTO routes (service_id, method, path) SELECT id, 'POST', '/api/v1/zzz/of_a_newer_server' FROM services WHERE slug = 'companies'")
	paths = append(paths, "/api/v1/zzz/of_a_newer_server")
	byPath := map[string]client.ServiceRoute{}
	checkList(t, []listRow[client.RoutesIndexParams]{
		{"by path", client.RoutesIndexParams{}, strings.Join(paths, " ")},
		{"a term", client.RoutesIndexParams{Search: client.RoutesIndexSearch{Term: "V1/companies/"}}, strings.Join(companies, " ")},
		{"undeployed", client.RoutesIndexParams{Filters: []string{"undeployed"}}, "/api/v1/companies/read /api/v1/zzz/of_a_newer_server"},
	}, func(p client.RoutesIndexParams, page client.ListPage) (list[client.ServiceRoute], error) {
		p.Page, p.Count = page, true
		outcome, err := client.Only[client.RoutesIndexActionSuccessful](e.api.RoutesIndex(t.Context(), p, viewer))
		for _, route := range outcome.Data.Results {
			byPath[route.Path] = route
		}
		return list[client.ServiceRoute]{outcome.Data.Results, outcome.Data.Next, outcome.Data.Count}, err
	}, func(r client.ServiceRoute) string { return r.Path })
	for _, op := range specOperations() {
		if r := byPath[op.path]; r.Method != op.method || r.Service != op.op.Tags[0] || r.Operation != op.id || r.Deployed != (op.id != "companiesRead") || r.DeployedAt.IsZero() == r.Deployed {
			t.Errorf("%s is %+v", op.id, r)
		}
	}
	if r := byPath["/api/v1/zzz/of_a_newer_server"]; r.Operation != "" || r.Service != "companies" {
		t.Errorf("what this version does not know is %+v", r)
	}
	update := func(path string, deployed bool) client.ServiceRoute {
		t.Helper()
		return want[client.RoutesUpdateActionSuccessful](e.api.RoutesUpdate(t.Context(), client.RoutesUpdateParams{ID: byPath[path].ID, Deployed: deployed}, admin))(t).Data
	}
	asked := func(e *env) string {
		outcome, err := e.api.CompaniesIndex(t.Context(), client.CompaniesIndexParams{}, viewer)
		check(t, err)
		return outcome.Slug()
	}
	const path = "/api/v1/companies/index"
	if kept := update(path, true); !kept.Deployed || !kept.DeployedAt.Equal(byPath[path].DeployedAt) || kept.Service != "companies" {
		t.Errorf("deployed again it is %+v", kept)
	}
	if gone := update(path, false); gone.Deployed || !gone.DeployedAt.IsZero() {
		t.Errorf("undeployed it is %+v", gone)
	}
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "it is undeployed", func() bool { return asked(replica) == "route-not-found" })
	}
	update(path, true)
	for _, replica := range []*env{e, &other} {
		replica.within(busyLimit, "it is deployed", func() bool { return asked(replica) == "action-successful" })
	}
	for _, op := range specOperations() {
		if !slices.Contains(administration, op.op.Tags[0]) {
			continue
		}
		refused := want[client.InvalidParam](e.api.RoutesUpdate(t.Context(), client.RoutesUpdateParams{ID: byPath[op.path].ID, Deployed: false}, admin))(t)
		if refused.Errors[0].Param != "deployed" || refused.Errors[0].Rule != "allowed" {
			t.Errorf("undeploying %s: %+v", op.id, refused.Errors)
		}
	}
	refused := want[client.InvalidParam](e.api.RoutesUpdate(t.Context(), client.RoutesUpdateParams{ID: 7777, Deployed: true}, admin))(t)
	if refused.Errors[0].Param != "id" || refused.Errors[0].Rule != "exists" {
		t.Errorf("an unknown route: %+v", refused.Errors)
	}
	if n := e.count("audit_events WHERE operation = 'routesUpdate' AND changed = '{deployed}'"); n != 3 {
		t.Errorf("there are %d audit events of changes, not 3", n)
	}
}
