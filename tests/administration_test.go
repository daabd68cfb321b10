package tests

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// administered is a system in which a team helps a customer and puts an application into service. No part of it runs
// SQL.
type administered struct {
	*env
	admin, support string // tokens of sessions of planoauth
	product        string // the token of the application planoship
	customer       string // the token of a session of planoship
	id             int64  // of the customer
}

// The customer's addresses, and the path that is taken out of service.
const (
	firstEmail  = "grace.hopper@example.com"
	secondEmail = "g.hopper@navy.example"
	quietRoute  = "/api/v1/companies/index"
)

// joins signs an employee in to planoauth by a magic link and returns the token.
func (a *administered) joins(email string) string {
	a.t.Helper()
	params := client.SessionsMagicLinkCreateParams{MagicToken: a.magicLink(email, "planoauth")}
	return want[client.SessionsMagicLinkCreateActionSuccessful](a.api.SessionsMagicLinkCreate(a.t.Context(), params))(a.t).Data.Token
}

// register waits until the new application is in service, and registers the customer there.
func (a *administered) register() {
	a.t.Helper()
	params := registration(firstEmail)
	params.Application, params.RedirectURL = "planoship", "https://ship.example/home"
	a.within(busyLimit, "the application is in service", func() bool {
		outcome, err := a.api.ClientsRegister(a.t.Context(), params)
		check(a.t, err)
		registered, ok := outcome.(client.ClientsRegisterActionSuccessful)
		a.customer = registered.Session.Token
		return ok
	})
	a.checks("action-successful")
}

// signsIn signs the customer in to planoship with an address, and checks the slug.
func (a *administered) signsIn(email, slug string) {
	a.t.Helper()
	password := registration("").Client.Password
	outcome, err := a.api.SessionsCreate(a.t.Context(), client.SessionsCreateParams{Email: email, Password: password, Application: "planoship"})
	check(a.t, err)
	if outcome.Slug() != slug {
		a.t.Errorf("signing in as %s is %s, not %s", email, outcome.Slug(), slug)
	}
	if in, ok := outcome.(client.SessionsCreateActionSuccessful); ok {
		a.customer = in.Data.Token
	}
}

// checks waits until planoship gets this answer about the customer's session.
func (a *administered) checks(answer string) {
	a.t.Helper()
	a.within(busyLimit, "the product's check of the session is "+answer, func() bool { return a.readAs(a.product, a.customer) == answer })
}

// returns signs the customer in once they may, and checks whether their session from before counts again.
func (a *administered) returns(ended bool) {
	a.t.Helper()
	before := a.customer
	a.signsIn(secondEmail, "action-successful")
	if answer := a.readAs(a.product, before); (answer == signedOut) != ended {
		a.t.Errorf("the product's check of the session from before is %s", answer)
	}
}

// companies waits until listing the companies gets this answer.
func (a *administered) companies(slug string) {
	a.t.Helper()
	a.within(busyLimit, "listing companies is "+slug, func() bool {
		outcome, err := a.api.CompaniesIndex(a.t.Context(), client.CompaniesIndexParams{}, client.WithToken(a.admin))
		check(a.t, err)
		return outcome.Slug() == slug
	})
}

const signedOut = "invalid-token session_token"

// TestAdministrationByClients sets a team up, puts an application into service, helps a customer and takes a route
// out of service for a while, by the client alone. Only the first administrator is made by the command.
func TestAdministrationByClients(t *testing.T) {
	t.Parallel()
	e := start(t)
	done(t, []string{"DATABASE_URL=" + e.database}, "employee", "add", "ada@example.com", "--access", "admin")
	a := &administered{env: e}
	a.admin = a.joins("ada@example.com")
	a.teamByClients()
	a.applicationByClients()
	a.register()
	a.addressByClients()
	a.accessByClients()
	a.endByClients()
	a.routeByClients()
	var operations []string
	events := want[client.AuditEventsIndexActionSuccessful](a.api.AuditEventsIndex(t.Context(), client.AuditEventsIndexParams{
		Filters: []client.AuditEventsIndexParamsFilters{"administration", "changes"}, Page: client.ListPage{Size: 100},
	}, client.WithToken(a.support)))(t).Data.Results
	for _, event := range slices.Backward(events) {
		if event.Actor.Email == "" {
			t.Errorf("nobody in particular did %+v", event)
		}
		operations = append(operations, event.Operation)
	}
	if got := strings.Join(operations, " "); got != "employeesCreate employeesCreate employeesUpdate applicationsCreate applicationsTokenCreate "+
		"peopleEmailUpdate peopleSessionsDelete clientsUpdate clientsUpdate peopleUpdate peopleUpdate peopleDelete "+
		"routesUpdate routesUpdate applicationsTokenDelete" {
		t.Errorf("the audit events are of %s", got)
	}
}

// teamByClients invites two employees, of whom one gets more access later.
func (a *administered) teamByClients() {
	t, admin := a.t, client.WithToken(a.admin)
	var record client.Employee
	for _, email := range []string{"betty@example.com", "jean@example.com"} {
		record = want[client.EmployeesCreateActionSuccessful](a.api.EmployeesCreate(t.Context(), client.EmployeesCreateParams{
			Email: email, FirstName: "Betty", LastName: "Holberton", Access: "viewer",
		}, admin))(t).Data
		want[client.UsersPasswordResetActionSuccessful](a.api.UsersPasswordReset(t.Context(), client.UsersPasswordResetParams{
			ResetToken: a.mailedLink("reset", email), Password: goodPassword,
		}))(t)
	}
	a.support = want[client.SessionsCreateActionSuccessful](a.api.SessionsCreate(t.Context(), client.SessionsCreateParams{
		Email: "jean@example.com", Password: goodPassword, Application: "planoauth",
	}))(t).Data.Token
	support, events := client.WithToken(a.support), client.AuditEventsIndexParams{}
	want[client.PermissionDenied](a.api.AuditEventsIndex(t.Context(), events, support))(t)
	want[client.EmployeesUpdateActionSuccessful](a.api.EmployeesUpdate(t.Context(), client.EmployeesUpdateParams{
		ID: record.ID, Access: new(client.Access("support")),
	}, admin))(t)
	want[client.AuditEventsIndexActionSuccessful](a.api.AuditEventsIndex(t.Context(), events, support))(t)
	want[client.PermissionDenied](a.api.RoutesUpdate(t.Context(), client.RoutesUpdateParams{ID: 1, Deployed: false}, support))(t)
}

func (a *administered) applicationByClients() {
	t, admin := a.t, client.WithToken(a.admin)
	app := want[client.ApplicationsCreateActionSuccessful](a.api.ApplicationsCreate(t.Context(), client.ApplicationsCreateParams{
		Slug: "planoship", Name: "PlanoShip", URL: "https://ship.example", Admits: client.Admits{"client"},
	}, admin))(t).Data
	a.product = want[client.ApplicationsTokenCreateActionSuccessful](a.api.ApplicationsTokenCreate(t.Context(),
		client.ApplicationsTokenCreateParams{ID: app.ID}, admin))(t).Data.Token
}

// addressByClients finds the customer, looks at their sessions and sign-ins, and gives them another address.
func (a *administered) addressByClients() {
	t, support := a.t, client.WithToken(a.support)
	found := want[client.PeopleIndexActionSuccessful](a.api.PeopleIndex(t.Context(),
		client.PeopleIndexParams{Search: client.PeopleIndexSearch{Term: "ace hopp"}}, support))(t).Data.Results
	if len(found) != 1 || found[0].Email != firstEmail || found[0].EmailVerified {
		t.Fatalf("found are %+v", found)
	}
	a.id = found[0].ID
	sessions := want[client.PeopleSessionsIndexActionSuccessful](a.api.PeopleSessionsIndex(t.Context(),
		client.PeopleSessionsIndexParams{ID: a.id, View: client.Full}, support))(t).Data.Results
	if len(sessions) != 1 || sessions[0].Application != "planoship" || sessions[0].Method != "registration" {
		t.Errorf("the sessions are %+v", sessions)
	}
	// The customer has tried the address that they will have.
	a.signsIn(secondEmail, "email-not-found")
	for email, slug := range map[string]string{firstEmail: "action-successful", secondEmail: "email-not-found"} {
		if explained := a.explain(email, "planoship", a.support); explained.outcome != slug {
			t.Errorf("signing in as %s is explained as %+v", email, explained)
		}
	}
	want[client.PeopleEmailUpdateActionSuccessful](a.api.PeopleEmailUpdate(t.Context(),
		client.PeopleEmailUpdateParams{ID: a.id, Email: secondEmail}, client.WithToken(a.admin)))(t)
	a.checks("action-successful") // nothing changes until the link is used
	want[client.UsersEmailChangeActionSuccessful](a.api.UsersEmailChange(t.Context(),
		client.UsersEmailChangeParams{EmailToken: a.mailedLink("email", secondEmail)}))(t)
	a.checks(signedOut)
	a.signsIn(firstEmail, "email-not-found")
	a.signsIn(secondEmail, "action-successful")
	a.checks("action-successful")
}

// accessByClients signs the customer out, and takes their access away and gives it back, as a client and altogether.
func (a *administered) accessByClients() {
	t, support := a.t, client.WithToken(a.support)
	ended := want[client.PeopleSessionsDeleteActionSuccessful](a.api.PeopleSessionsDelete(t.Context(),
		client.PeopleSessionsDeleteParams{ID: a.id}, support))(t).Data.Count
	if ended != 1 {
		t.Errorf("%d sessions end", ended)
	}
	a.checks(signedOut)
	read := want[client.PeopleReadActionSuccessful](a.api.PeopleRead(t.Context(), client.PeopleReadParams{ID: a.id, View: client.Full}, support))(t).Data
	if read.Email != secondEmail || !read.EmailVerified || read.Sessions != 0 {
		t.Errorf("the person is %+v", read)
	}
	active := func(active bool) {
		want[client.ClientsUpdateActionSuccessful](a.api.ClientsUpdate(t.Context(),
			client.ClientsUpdateParams{ID: read.Client.ID, Active: &active}, support))(t)
	}
	suspended := func(suspended bool) {
		want[client.PeopleUpdateActionSuccessful](a.api.PeopleUpdate(t.Context(),
			client.PeopleUpdateParams{ID: a.id, Suspended: &suspended}, support))(t)
	}
	for _, row := range []struct {
		set       func(bool)
		away      bool // what takes the access away
		ended     bool // whether it ends sessions for good
		explained explained
	}{
		{active, false, false, explained{"user-requires-role", "application throttle user password record !role"}},
		{suspended, true, true, explained{"user-suspended", "application throttle user password record role !suspended"}},
	} {
		a.signsIn(secondEmail, "action-successful")
		a.checks("action-successful")
		row.set(row.away)
		a.checks(signedOut)
		a.signsIn(secondEmail, row.explained.outcome)
		if explained := a.explain(secondEmail, "planoship", a.support); explained != row.explained {
			t.Errorf("it is explained as %+v", explained)
		}
		row.set(!row.away)
		a.returns(row.ended)
	}
}

// endByClients exports and deletes the customer.
func (a *administered) endByClients() {
	t, admin := a.t, client.WithToken(a.admin)
	exported := want[client.PeopleExportActionSuccessful](a.api.PeopleExport(t.Context(), client.PeopleExportParams{ID: a.id}, admin))(t).Data
	a.checkExport(exported)
	want[client.InvalidParam](a.api.PeopleDelete(t.Context(), client.PeopleDeleteParams{ID: a.id, Email: firstEmail}, admin))(t)
	want[client.PeopleDeleteActionSuccessful](a.api.PeopleDelete(t.Context(), client.PeopleDeleteParams{ID: a.id, Email: secondEmail}, admin))(t)
	a.checks(signedOut)
	a.signsIn(secondEmail, "email-not-found")
	want[client.InvalidParam](a.api.PeopleRead(t.Context(), client.PeopleReadParams{ID: a.id}, admin))(t)
}

func (a *administered) checkExport(e client.PersonExport) {
	a.t.Helper()
	mails := slices.ContainsFunc(e.Mails, func(m client.ExportedMail) bool { return m.Kind == "welcome" && m.ToEmail == firstEmail })
	if e.User.Email != secondEmail || !e.Client.Active || len(e.Sessions) == 0 || len(e.AuditEvents) == 0 || !mails {
		a.t.Errorf("the export is %+v", e)
	}
}

// routeByClients takes a route out of service and puts it back, and revokes the token of the application.
func (a *administered) routeByClients() {
	t, admin := a.t, client.WithToken(a.admin)
	routes := func(params client.RoutesIndexParams) []client.ServiceRoute {
		return want[client.RoutesIndexActionSuccessful](a.api.RoutesIndex(t.Context(), params, admin))(t).Data.Results
	}
	found := routes(client.RoutesIndexParams{Search: client.RoutesIndexSearch{Term: quietRoute}})
	if len(found) != 1 || !found[0].Deployed {
		t.Fatalf("the routes are %+v", found)
	}
	deploy := func(deployed bool) {
		want[client.RoutesUpdateActionSuccessful](a.api.RoutesUpdate(t.Context(), client.RoutesUpdateParams{ID: found[0].ID, Deployed: deployed}, admin))(t)
	}
	a.companies("action-successful")
	deploy(false)
	a.companies("route-not-found")
	if undeployed := routes(client.RoutesIndexParams{Filters: []string{"undeployed"}}); len(undeployed) != 1 || undeployed[0].Path != quietRoute {
		t.Errorf("undeployed are %+v", undeployed)
	}
	deploy(true)
	a.companies("action-successful")
	apps := want[client.ApplicationsIndexActionSuccessful](a.api.ApplicationsIndex(t.Context(),
		client.ApplicationsIndexParams{Search: client.ApplicationsIndexSearch{Term: "planoship"}, View: client.Full}, admin))(t).Data.Results
	if len(apps) != 1 || len(apps[0].Tokens) != 1 {
		t.Fatalf("the applications are %+v", apps)
	}
	want[client.ApplicationsTokenDeleteActionSuccessful](a.api.ApplicationsTokenDelete(t.Context(),
		client.ApplicationsTokenDeleteParams{ID: apps[0].ID, TokenID: apps[0].Tokens[0].ID}, admin))(t)
	a.checks("invalid-token token")
}

// commanded is a system that is administered by the command, beside a server that runs.
type commanded struct {
	administered
	database []string
}

// do runs a verb, which must succeed.
func (c *commanded) do(arguments ...string) string {
	c.t.Helper()
	return done(c.t.(*testing.T), c.database, arguments...)
}

// printed runs a verb with --json and returns what it prints.
func printed[T any](c *commanded, arguments ...string) (value T) {
	c.t.Helper()
	check(c.t, json.Unmarshal([]byte(c.do(append(arguments, "--json")...)), &value))
	return value
}

// TestAdministrationByCommand does what TestAdministrationByClients does, by the command alone. The API shows the
// effects.
func TestAdministrationByCommand(t *testing.T) {
	t.Parallel()
	database, address := []string{"DATABASE_URL=" + newDatabase(t)}, freeAddress(t)
	e := &env{t: t, mandrill: startMandrill(t)}
	serve(t, address, database[0], "PUBLIC_URL=https://auth.example", "MANDRILL_API_KEY=md-test-key", "MANDRILL_URL="+e.mandrill.url,
		"MAIL_FROM=a@example.com", "ARGON2_MEMORY=8", "ARGON2_TIME=1")
	e.api = connect(t, "http://"+address, &http.Client{Transport: &recorder{t: t, next: http.DefaultTransport}})
	c := &commanded{administered{env: e}, database}
	c.teamByCommand()
	c.do("application", "add", "planoship", "--name", "PlanoShip", "--url", "https://ship.example", "--admits", "client")
	c.product = c.do("application", "token", "planoship")
	c.register()
	c.addressByCommand()
	c.accessByCommand()
	c.endByCommand()
	c.routeByCommand()
	var operations []string
	for _, event := range slices.Backward(printed[[]client.AuditEvent](c, "audit", "list")) {
		if event.Actor.Command {
			operations = append(operations, strings.ReplaceAll(event.Operation, " ", "-"))
		}
	}
	if got := strings.Join(operations, " "); got != "employee-add employee-add employee-set application-add application-token person-show "+
		"person-explain person-explain person-set-email person-sign-out client-set person-explain client-set person-suspend person-explain "+
		"person-unsuspend person-export person-delete route-set route-set service-set service-set application-token-revoke" {
		t.Errorf("the audit events are of %s", got)
	}
}

// teamByCommand makes an administrator and another employee, who gets more access later.
func (c *commanded) teamByCommand() {
	c.do("employee", "add", "ada@example.com", "--access", "admin")
	c.do("employee", "add", "jean@example.com", "--first-name", "Jean", "--last-name", "Bartik", "--access", "viewer")
	c.admin, c.support = c.joins("ada@example.com"), c.joins("jean@example.com")
	events := func() string {
		outcome, err := c.api.AuditEventsIndex(c.t.Context(), client.AuditEventsIndexParams{}, client.WithToken(c.support))
		check(c.t, err)
		return outcome.Slug()
	}
	if slug := events(); slug != "permission-denied" {
		c.t.Errorf("a viewer's list of audit events is %s", slug)
	}
	c.do("employee", "set", "jean@example.com", "--access", "support")
	c.within(busyLimit, "the access counts", func() bool { return events() == "action-successful" })
}

// addressByCommand finds the customer, looks at their sessions and sign-ins, and gives them another address.
func (c *commanded) addressByCommand() {
	t := c.t
	found := printed[[]client.Person](c, "person", "list", "--search", "ace hopp")
	if len(found) != 1 || found[0].Email != firstEmail || found[0].EmailVerified || !slices.Equal(found[0].Records, client.Records{"client"}) {
		t.Fatalf("found are %+v", found)
	}
	c.id = found[0].ID
	shown := printed[client.PersonExport](c, "person", "show", firstEmail)
	if len(shown.Sessions) != 1 || shown.Sessions[0].Application != "planoship" || shown.Sessions[0].Method != "registration" {
		t.Errorf("the sessions are %+v", shown.Sessions)
	}
	// The customer has tried the address that they will have.
	c.signsIn(secondEmail, "email-not-found")
	c.explains(firstEmail, "action-successful", 7)
	c.explains(secondEmail, "email-not-found", 3)
	link := client.SessionsMagicLinkCreateParams{MagicToken: c.magicLink(firstEmail, "planoship")}
	mails := len(c.mandrill.mails())
	if said := c.do("person", "set-email", firstEmail, secondEmail, "--verified"); !strings.Contains(said, "Nobody is mailed") {
		t.Errorf("it says %s", said)
	}
	c.checks(signedOut)
	want[client.InvalidMagicLink](c.api.SessionsMagicLinkCreate(t.Context(), link))(t)
	c.signsIn(firstEmail, "email-not-found")
	c.signsIn(secondEmail, "action-successful")
	c.checks("action-successful")
	if n := len(c.mandrill.mails()); n != mails {
		t.Errorf("%d mails were sent", n-mails)
	}
	person := want[client.PeopleReadActionSuccessful](c.api.PeopleRead(t.Context(), client.PeopleReadParams{ID: c.id}, client.WithToken(c.support)))(t).Data
	if person.Email != secondEmail || !person.EmailVerified {
		t.Errorf("the person is %+v", person)
	}
}

// explains checks what `person explain` says, and that people/explain says the same.
func (c *commanded) explains(email, outcome string, steps int) {
	c.t.Helper()
	said := printed[client.SignInExplanation](c, "person", "explain", email, "--application", "planoship")
	answered := want[client.PeopleExplainActionSuccessful](c.api.PeopleExplain(c.t.Context(),
		client.PeopleExplainParams{Email: email, Application: "planoship"}, client.WithToken(c.support)))(c.t).Data
	if string(said.Outcome) != outcome || len(said.Steps) != steps || !slices.Equal(said.Steps, answered.Steps) || said.Outcome != answered.Outcome {
		c.t.Errorf("signing in as %s is explained as %+v, and by the API as %+v", email, said, answered)
	}
}

// accessByCommand signs the customer out, and takes their access away and gives it back, as a client and altogether.
func (c *commanded) accessByCommand() {
	c.do("person", "sign-out", secondEmail)
	c.checks(signedOut)
	for _, row := range []struct {
		away, back []string
		explained  string
		steps      int
		ended      bool // whether it ends sessions for good
	}{
		{[]string{"client", "set", secondEmail, "--no-active"}, []string{"client", "set", secondEmail, "--active"}, "user-requires-role", 6, false},
		{[]string{"person", "suspend", secondEmail}, []string{"person", "unsuspend", secondEmail}, "user-suspended", 7, true},
	} {
		c.signsIn(secondEmail, "action-successful")
		c.checks("action-successful")
		c.do(row.away...)
		c.checks(signedOut)
		c.signsIn(secondEmail, row.explained)
		c.explains(secondEmail, row.explained, row.steps)
		c.do(row.back...)
		c.returns(row.ended)
	}
}

// endByCommand exports and deletes the customer.
func (c *commanded) endByCommand() {
	c.checkExport(printed[client.PersonExport](c, "person", "export", secondEmail))
	c.do("person", "delete", secondEmail)
	c.checks(signedOut)
	c.signsIn(secondEmail, "email-not-found")
	want[client.InvalidParam](c.api.PeopleRead(c.t.Context(), client.PeopleReadParams{ID: c.id}, client.WithToken(c.support)))(c.t)
}

// routeByCommand takes a route and a service out of service and puts them back, and revokes the token of the
// application.
func (c *commanded) routeByCommand() {
	c.companies("action-successful")
	for _, row := range [][]string{{"route", quietRoute, "route-not-found"}, {"service", "companies", "service-not-found"}} {
		c.do(row[0], "set", row[1], "--no-deployed")
		c.companies(row[2])
		c.do("deploy")
		c.companies(row[2])
		if row[0] == "route" {
			if undeployed := printed[[]client.ServiceRoute](c, "route", "list", "--undeployed"); len(undeployed) != 1 || undeployed[0].Path != quietRoute {
				c.t.Errorf("undeployed are %+v", undeployed)
			}
		}
		c.do(row[0], "set", row[1], "--deployed")
		c.companies("action-successful")
	}
	applications := printed[[]client.Application](c, "application", "list")
	at := slices.IndexFunc(applications, func(app client.Application) bool { return app.Slug == "planoship" })
	if at < 0 || len(applications[at].Tokens) != 1 {
		c.t.Fatalf("the applications are %+v", applications)
	}
	c.do("application", "token", "revoke", strconv.FormatInt(applications[at].Tokens[0].ID, 10))
	c.checks("invalid-token token")
}
