package tests

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/gen/client"
)

// verb runs an administrative verb of the command until it exits.
func verb(t *testing.T, environment []string, arguments ...string) (stdout, stderr string, failed error) {
	t.Helper()
	cmd, out, errs := run(t, arguments, environment...)
	text, err := io.ReadAll(out)
	check(t, err)
	failed = cmd.Wait()
	return string(text), errs.String(), failed
}

// done returns the standard output of a verb that must succeed.
func done(t *testing.T, environment []string, arguments ...string) string {
	t.Helper()
	stdout, stderr, failed := verb(t, environment, arguments...)
	if failed != nil {
		t.Fatalf("%v ends with %v: %s", arguments, failed, stderr)
	}
	return strings.TrimSpace(stdout)
}

// TestTeamByCommand sets a team up with the command, beside a server that runs, and lets its product check a
// session.
func TestTeamByCommand(t *testing.T) {
	t.Parallel()
	t.Run("on a database of one's own", func(t *testing.T) {
		t.Parallel()
		database := []string{"DATABASE_URL=" + newDatabase(t)}
		address := freeAddress(t)
		serve(t, address, append(database, "MANDRILL_API_KEY=md-test-key", "MANDRILL_URL="+startMandrill(t).url, "MAIL_FROM=a@example.com")...)
		setUpTeam(t, address, database)
	})
	t.Run("on the embedded database", func(t *testing.T) {
		t.Parallel()
		database, address := []string{"DATA_DIR=" + filepath.Join(postgresDir(t), "data")}, freeAddress(t)
		if list := done(t, database, "application", "list"); !strings.Contains(list, "planoorder") {
			t.Errorf("before any server ran the applications are %s", list)
		}
		server, _ := serve(t, address, database...)
		setUpTeam(t, address, database)
		second, _, stderr := run(t, []string{"serve"}, append(database, "ADDR=127.0.0.1:0")...)
		if err := second.Wait(); err == nil || !strings.Contains(stderr.String(), "already running") {
			t.Errorf("a second server ends with %v: %s", err, stderr)
		}
		if get(t, "http://"+address+"/health/live", "") == "" {
			t.Error("the server is gone")
		}
		check(t, server.Process.Signal(syscall.SIGTERM))
		check(t, server.Wait())
		if list := done(t, database, "application", "list"); !strings.Contains(list, "planoship") {
			t.Errorf("after the server has stopped the applications are %s", list)
		}
	})
}

func setUpTeam(t *testing.T, address string, database []string) {
	api, err := client.New("http://"+address, client.WithHTTPClient(&http.Client{Transport: &recorder{t: t, next: http.DefaultTransport}}))
	check(t, err)
	e := &env{t: t, api: api}
	do := func(arguments ...string) string { t.Helper(); return done(t, database, arguments...) }

	do("application", "add", "planoship", "--name", "PlanoShip", "--url", "https://ship.example", "--admits", "employee,client")
	old, young := do("application", "token", "planoship"), do("application", "token", "planoship")
	company := do("company", "add", "Eckert-Mauchly")

	// The employee has registered as a client first. An unverified address needs a flag.
	registration := registration("grace@example.com")
	registration.Client.CompanyID, err = strconv.ParseInt(company, 10, 64)
	check(t, err)
	want[client.ClientsRegisterActionSuccessful](api.ClientsRegister(t.Context(), registration))(t)
	if _, stderr, failed := verb(t, database, "employee", "add", "Grace@example.com"); failed == nil || !strings.Contains(stderr, "--unproven") {
		t.Errorf("an unverified address becomes an employee's: %v %s", failed, stderr)
	}
	if said := do("employee", "add", "Grace@example.com", "--unproven"); !strings.Contains(said, "grace@example.com is an existing user") || !strings.Contains(said, "is now an employee") {
		t.Errorf("it says %s", said)
	}
	// The new application counts within a second, and so do the tokens.
	var session client.Session
	e.within(busyLimit, "signing in to the new application", func() bool {
		outcome, err := api.SessionsCreate(t.Context(), client.SessionsCreateParams{
			Email: "grace@example.com", Password: registration.Client.Password, Application: "planoship", RedirectURL: "https://ship.example/home"})
		check(t, err)
		made, ok := outcome.(client.SessionsCreateActionSuccessful)
		session = made.Data
		return ok
	})
	if !slices.Equal(session.Roles, []string{"client", "employee"}) {
		t.Errorf("the roles are %v", session.Roles)
	}
	for _, token := range []string{old, young} {
		e.within(busyLimit, "the token counts", func() bool { return e.readAs(token, session.Token) == "action-successful" })
	}
	id := regexp.MustCompile(`tokens +#(\d+) of \d{4}-\d\d-\d\d, #\d+ of`).FindStringSubmatch(do("application", "list"))
	if id == nil {
		t.Fatal("the list has not two tokens")
	}
	do("application", "token", "revoke", id[1])
	e.within(busyLimit, "the old token is revoked", func() bool { return e.readAs(old, session.Token) == "invalid-token token" })
	if got := e.readAs(young, session.Token); got != "action-successful" {
		t.Errorf("with the young token it answers %s", got)
	}
	do("application", "set", "planoship", "--admits", "liaison")
	e.within(busyLimit, "the application admits others", func() bool { return e.readAs(young, session.Token) == "invalid-token session_token" })
}

// TestFirstAdmin: a server that starts prints the command that makes the first administrator, who then signs in
// by a magic link and lists people.
func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	database, address := "DATA_DIR="+filepath.Join(postgresDir(t), "data"), freeAddress(t)
	e := &env{t: t, mandrill: startMandrill(t)}
	cmd, stdout, stderr := run(t, []string{"serve"}, database, "ADDR="+address, "PUBLIC_URL=https://auth.example",
		"MANDRILL_API_KEY=md-test-key", "MANDRILL_URL="+e.mandrill.url, "MAIL_FROM=a@example.com")
	defer time.AfterFunc(busyLimit, func() { cmd.Process.Kill() }).Stop() // where it prints nothing
	var printed []string
	for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.Contains(lines.Text(), "curl"); {
		if strings.HasPrefix(lines.Text(), "  planoauth employee add EMAIL") {
			printed = strings.Fields(strings.Replace(lines.Text(), "EMAIL", email, 1))
		}
	}
	if printed == nil {
		t.Fatalf("the command is not printed; stderr has %s", stderr)
	}
	if said := done(t, []string{database}, printed[1:]...); !strings.Contains(said, email+" is a new user and is now an employee (access: admin).") {
		t.Errorf("it says %s", said)
	}
	e.api = connect(t, "http://"+address, &http.Client{Transport: &recorder{t: t, next: http.DefaultTransport}})
	token := e.magicLink(email, "planoauth")
	session := want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: token}))(t).Data
	people := want[client.PeopleIndexActionSuccessful](e.api.PeopleIndex(t.Context(), client.PeopleIndexParams{}, client.WithToken(session.Token)))(t).Data
	if len(people.Results) != 1 || people.Results[0].Email != email {
		t.Errorf("the people are %+v", people)
	}
}

// TestVerbs runs the verbs one after the other on one database, and checks what they print and refuse.
func TestVerbs(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	pool, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(pool.Close)
	e := &env{t: t, pool: pool, clock: &clock{}}
	e.user(person{email: "Proven@Example.com"})
	e.exec("UPDATE users SET email_verified_at = now()")
	e.user(person{email: "inactive@example.com", employee: true, inactive: true, noPassword: true})
	e.user(person{email: "google@example.com", noPassword: true})
	e.exec("UPDATE users SET google_subject = '1' WHERE email = 'google@example.com'")
	e.user(person{email: "stranger@example.com", access: "viewer"})
	e.user(person{email: "client@example.com", client: true})
	long, token := strings.Repeat("a", 64), `^plaa_[a-z2-7]{56}\n$`
	png, svg := filepath.Join(t.TempDir(), "logo.png"), filepath.Join(t.TempDir(), "logo.svg")
	check(t, os.WriteFile(png, logo(t, 2), 0o600))
	check(t, os.WriteFile(svg, []byte("<svg/>"), 0o600))
	e.notification(note{kind: "mandrill-email-failed", message: "Mail 12 could not be sent"})
	e.notification(note{kind: "application-crash", message: "A request crashed"})
	rows := []struct {
		arguments string // separated by a blank, or where one has blanks, by |
		stdout    string // a regular expression
		refused   string // what stderr says; "" when it succeeds
	}{
		{"application add planoship --admits client", "^$", "--name is required"},
		{"application|add|planoship|--name|Plano Ship|--redirect-origin|https://Ship.Example:443|--redirect-origin|http://localhost:3000", "^$", ""},
		{"application add planoship --name Again", "^$", `application "planoship" already exists`},
		{"application add PlanoShip --name x", "^$", "SLUG must"},
		{"application add " + long + " --name x", "^$", "SLUG must"},
		{"application add x --name=", "^$", "--name must not be empty"},
		{"application add x --name " + strings.Repeat("n", 201), "^$", "--name must have at most 200 characters"},
		{"application add x --name y --url http://app.example", "^$", "--url must be an absolute https URL"},
		{"application add x --name y --url https://u:hunter2@app.example", "^$", "--url must be an absolute https URL"},
		{"application add x --name y --redirect-origin app.example", "^$", "--redirect-origin must be an origin"},
		{"application add x --name y --redirect-origin https://*.x.example", "^$", "--redirect-origin must be an origin such as https://app.example"},
		{"application add x --name y --redirect-origin https://x.example/orders", "^$", "--redirect-origin must be an origin such as https://app.example"},
		{"application add x --name y --url https://*.x.example", "^$", "--url must be an absolute https URL"},
		{"application add x --name y --admits boss", "^$", `--admits must be one of "client","employee","liaison"`},
		{"application add x --name y --admits=", "^$", "--admits must name at least one"},
		{"application list", `(?s)^planoauth\n.*url +PUBLIC_URL\n.*planoship
  name              Plano Ship
  url
  admits            client
  redirect origins  https://ship.example, http://localhost:3000
  settings
  tokens
planox2\n`, ""},
		{"application set planoship --legacy-slugs --sign-in-mail --url http://127.0.0.1:3000/start --admits liaison,client,client", "^$", ""},
		{"application set planoship --add-redirect-origin https://beta.ship.example --remove-redirect-origin http://localhost:3000", "^$", ""},
		{"application list", `redirect origins  https://ship.example, https://beta.ship.example\n`, ""},
		{"application set planoship --add-redirect-origin https://*.ship.example", "^$", "--add-redirect-origin must be an origin such as https://app.example"},
		{"application set planoship --remove-redirect-origin http://localhost:3000", "^$", "--remove-redirect-origin must be one of"},
		{"application set planoship --redirect-origin https://a.example --add-redirect-origin https://b.example", "^$", "--redirect-origin replaces the list"},
		{"application set nothing --add-redirect-origin https://a.example", "^$", `there is no application "nothing"`},
		{"application list", `redirect origins  https://ship.example, https://beta.ship.example\n`, ""},
		{"application set planoship --no-legacy-slugs --redirect-origin=", "^$", ""},
		{"application list", `(?s)planoship
  name              Plano Ship
  url               http://127.0.0.1:3000/start
  admits            client, liaison
  redirect origins
  settings          sign-in-mail
  tokens
planox2\n`, ""},
		{"--version", `^planoauth \d+\.\d+\.\d+ ([0-9a-f]{40} )?go1\.`, ""},
		{"application set planoship", "^$", "pass at least one flag"},
		{"application set nothing --name x", "^$", `there is no application "nothing"`},
		{"application set planoauth --url https://auth.example", "^$", "its url is PUBLIC_URL"},
		{"application set planoauth --sign-in-mail", "^$", ""},
		{"application set planoauth --redirect-origin https://evil.example", "^$", "--redirect-origin cannot be set for planoauth"},
		{"application set planoauth --add-redirect-origin https://evil.example", "^$", "--add-redirect-origin cannot be set for planoauth"},
		{"application set planoauth --admits client", "^$", "--admits must include employee"},
		{"application set planoship --accent-color #3366CC --support-url mailto:help@ship.example --logo " + png, "^$", ""},
		{"application list", `(?s)planoship\n.*
  accent color      #3366cc
  logo              yes
  support url       mailto:help@ship.example
  tokens\n`, ""},
		{"application list --json", `(?s)"slug": "planoship",.*"support_url": "mailto:help@ship.example",\n *"tokens": \[\]`, ""},
		{"application set planoship --accent-color red", "^$", "--accent-color must be a color such as #3366cc"},
		{"application set planoship --support-url javascript:alert(1)", "^$", "--support-url must be an https URL"},
		{"application set planoship --logo " + svg, "^$", "--logo must be a PNG or a WebP"},
		{"application set planoship --logo /nowhere/logo.png", "^$", "no such file"},
		{"application set planoship --logo= --accent-color= --support-url=", "^$", ""},
		{"application list", `settings          sign-in-mail\n  tokens\n`, ""},
		{"application token planoship", token, ""},
		{"application token planoship", token, ""},
		{"application token nothing", "^$", `there is no application "nothing"`},
		{"application token revoke 1", `^Token #1 of planoship is revoked.\n$`, ""},
		{"application token revoke 1", "^$", "there is no token #1"},
		{"application list", `(?m)^  tokens +#2 of \d{4}-\d\d-\d\d$`, ""},
		{"employee add New@Example.com --first-name Grace --last-name Hopper", `^new@example.com is a new user and is now an employee. .*magic link`, ""},
		{"employee add new@example.com --first-name Other", `^new@example.com is an existing user \(names unchanged\) and was an employee already: nothing changed`, ""},
		{"employee add proven@example.com", `^proven@example.com is an existing user .* is now an employee. .*password`, ""},
		{"employee add inactive@example.com", `^inactive@example.com is an existing user .* is an active employee again`, ""},
		{"employee|add| new@example.com" + strings.Repeat(" ", 254), `^new@example.com is an existing user`, ""},
		{"employee add google@example.com", "^$", "pass --unproven"},
		{"employee add nobody", "^$", "EMAIL must be an e-mail address such as"},
		{"employee add a@example.com --first-name www.example.com", "^$", "--first-name must not contain a URL"},
		{"employee add viewer@example.com --access viewer", `^viewer@example.com is a new user and is now an employee \(access: viewer\)\.`, ""},
		{"employee add viewer@example.com", `was an employee already: nothing changed \(access: viewer\)`, ""},
		{"employee add viewer@example.com --access admin", `is now an employee \(access: admin\)`, ""},
		{"employee add viewer@example.com --access none", `is now an employee \(access: none\)`, ""},
		{"employee add viewer@example.com --access boss", "^$", "--access must be one of"},
		{"employee add stranger@example.com --access admin", "^$", "pass --unproven"},
		{"employee add stranger@example.com", `nothing changed \(access: viewer\)`, ""},
		{"employee add stranger@example.com --access none", `is now an employee \(access: none\)`, ""},
		{"employee add stranger@example.com --access viewer", "^$", "pass --unproven"},
		{"employee add stranger@example.com --access viewer --unproven", `is now an employee \(access: viewer\)`, ""},
		{"employee add a@example.com --last-name " + strings.Repeat("n", 101), "^$", "--last-name must have at most 100 characters"},
		{"company|add|Eckert Mauchly", `^1\n$`, ""},
		{"company|add| ", "^$", "NAME must not be blank"},
		{"company add", "^$", `expected "<name>"`},
		{"company|add|ECKERT mauchly", "^$", "a company has this name already"},
		{"company|add|Äther", `^2\n$`, ""},
		{"company|add|äTHER", "^$", "a company has this name already"},
		{"company list", `^ID +NAME +ACTIVE +CREATED\n1 +Eckert Mauchly +yes +\d{4}-\d\d-\d\d \d\d:\d\d\n2 +Äther`, ""},
		{"company list --json", `(?s)^\[\n.*"active": true,.*"name": "Eckert Mauchly"`, ""},
		{"notification ack 1 77", "^$", "there is no notification #77"},
		{"notification list --unacknowledged", `(?s)^ID +CREATED.*\n2 .*application-crash.*A request crashed\n1 .*Mail 12`, ""},
		{"notification ack 1", "^$", ""},
		{"notification list --unacknowledged", `^ID .*\n2 .*\n$`, ""},
		{"notification list --unacknowledged --json", `(?s)^\[\n  \{[^{]*"kind": "application-crash"[^{]*\}\n\]\n$`, ""},
		{"notification list --limit 1", `^ID .*\n2 .*\n$`, ""},
		{"notification list", `(?s)^ID .*\n2 .*\n1 .*\d{4}-\d\d-\d\d \d\d:\d\d +Mail 12`, ""},
		{"migrate", `^The schema is up to date: nothing changed.\n$`, ""},
		{"deploy", `^Everything is deployed: nothing changed.\n$`, ""},
		{"person show Proven@example.com", `(?si)^user\n  .*  email +proven@example.com\n.*  id +1\n.*employee\n.*  access +none\n`, ""},
		{"person show proven@example.com --json", `(?si)^{\n  "user": {.*"email": "proven@example.com".*"has_password": true.*"employee": {.*"sessions": \[\]\n}\n$`, ""},
		{"person export proven@example.com", `(?si)^audit_events\n.*  operation +person show\n.*user\n.*  email +proven@example.com\n`, ""},
		{"person export proven@example.com --json", `(?si)^{\n  "audit_events": \[.*"operation": "person export".*"user": {.*}\n$`, ""},
		{"person show nobody@example.com", "^$", "no user has this address"},
		{"person export nobody", "^$", "EMAIL must be an e-mail address such as"},
		{"person list", `^ID +EMAIL +NAME +RECORDS +VERIFIED +SUSPENDED +CREATED\n\d+ +viewer@example.com +employee +no +no +\d{4}-`, ""},
		{"person list --search HOPP", `^ID .*\n\d+ +new@example.com +Grace Hopper +employee +no +no +.*\n$`, ""},
		{"person list --search proven@ --json", `(?s)^\[\n  {.*"email": "Proven@Example.com",\n    "email_verified": true,.*"records": \[\n *"employee"`, ""},
		{"person list --limit 1", `^ID .*\n.*viewer@example.com.*\n$`, ""},
		{"person list --search %%%", `^ID .*\n$`, ""},
		{"person explain Proven@example.com --application planoauth", `^action-successful\n  application +yes +The application exists\.\n(?s:.*)  suspended +yes `, ""},
		{"person explain stranger@example.com --application planoorder", `^user-requires-role\n(?s:.*)  role +no +The application admits no active record`, ""},
		{"person explain nobody@example.com --application planoorder --json", `(?s)^{\n  "outcome": "email-not-found",.*"passed": false,\n *"step": "user"\n    }\n  \]\n}\n$`, ""},
		{"person explain proven@example.com", "^$", "--application=SLUG"},
		{"person explain proven@example.com --application nothing", "^$", `there is no application "nothing"`},
		{"person sign-out proven@example.com", `^Proven@Example.com, the user #1, is signed out of all sessions\.\n$`, ""},
		{"person sign-out nobody@example.com", "^$", "no user has this address"},
		{"person suspend proven@example.com --json", `^{\n  "id": 1,\n  "email": "Proven@Example.com"\n}\n$`, ""},
		{"person explain proven@example.com --application planoauth", `^user-suspended\n(?s:.*)  suspended +no `, ""},
		{"person list --search proven", `yes +yes +\d{4}-`, ""},
		{"person unsuspend proven@example.com", `^Proven@Example.com, the user #1, is not suspended`, ""},
		{"person list --search proven", `yes +no +\d{4}-`, ""},
		{"person set-email proven@example.com Stranger@example.com", "^$", "NEW is taken"},
		{"person set-email proven@example.com proven@example.com --verified", "^$", "NEW is taken"},
		{"person set-email proven@example.com nobody", "^$", "NEW must be an e-mail address such as"},
		{"person set-email google@example.com googler@example.com", "^$", "pass --verified"},
		{"person set-email google@example.com Googler@Example.com --verified", `^googler@example.com, the user #3, has this address now, .* Nobody is mailed`, ""},
		{"person show googler@example.com", `  first_name +Ada\n  has_password +false\n`, ""}, // no google_subject between
		{"person set-email proven@example.com proved@example.com", `^proved@example.com, the user #1, `, ""},
		{"employee set viewer@example.com", "^$", "nothing to change"},
		{"employee set google@example.com --active", "^$", "no user has this address"},
		{"employee set googler@example.com --active", "^$", "the user is no employee"},
		{"employee set viewer@example.com --no-active --access support", "^$", ""},
		{"person explain viewer@example.com --application planoauth", `^user-has-no-password`, ""},
		{"person show viewer@example.com", `  access +support\n  active +false\n`, ""},
		{"employee set viewer@example.com --active", "^$", ""},
		{"person show viewer@example.com", `  access +support\n  active +true\n`, ""},
		{"employee set stranger@example.com --access admin", "^$", "pass --unproven"},
		{"employee set stranger@example.com --no-active", "^$", ""},
		{"employee set stranger@example.com --active", "^$", "pass --unproven"},
		{"employee set stranger@example.com --active --access none --unproven", "^$", ""},
		{"client set client@example.com", "^$", "nothing to change"},
		{"client set new@example.com --active", "^$", "the user is no client"},
		{"client set client@example.com --no-active", "^$", ""},
		{"person explain client@example.com --application planoorder", `^user-requires-role\n`, ""},
		{"client set client@example.com --active", "^$", ""},
		{"person explain client@example.com --application planoorder", `^action-successful\n`, ""},
		{"service list", `^ID +SLUG +DEPLOYED +SINCE\n(?s:.*) sessions +yes +\d{4}-`, ""},
		{"service set sessions", "^$", "pass --deployed or --no-deployed"},
		{"service set nothing --deployed", "^$", `there is no service "nothing"`},
		{"service set sessions --no-deployed", "^$", ""},
		{"deploy", `^Everything is deployed: nothing changed.\n$`, ""},
		{"service list", `(?m) sessions +no *$`, ""},
		{"service list --json", `"deployed": false,\n    "id": \d+,\n    "slug": "sessions"\n`, ""},
		{"service set sessions --deployed", "^$", ""},
		{"service list", ` sessions +yes +\d{4}-`, ""},
		{"route list", ` POST +/api/v1/sessions/read +sessions +yes +\d{4}-`, ""},
		{"route set /api/v1/nothing --deployed", "^$", `there is no route "/api/v1/nothing"`},
		{"route set /api/v1/routes/update --no-deployed", "^$", ""},
		{"route list --undeployed", `^ID +METHOD +PATH +SERVICE +DEPLOYED +SINCE\n\d+ +PUT +/api/v1/routes/update +routes +no *\n$`, ""},
		{"route list --undeployed --json", `"operation": "routesUpdate"`, ""},
		{"route set /api/v1/routes/update --deployed", "^$", ""},
		{"route list --undeployed --json", `^\[\]\n$`, ""},
		{"person delete nobody@example.com", "^$", "no user has this address"},
		{"person delete Googler@Example.com --json", `^{\n  "id": 3,\n  "email": "googler@example.com"\n}\n$`, ""},
		{"person delete inactive@example.com", `^inactive@example.com, the user #2, is deleted.\n$`, ""},
	}
	for _, row := range rows {
		arguments := strings.Split(row.arguments, "|")
		if len(arguments) == 1 {
			arguments = strings.Fields(row.arguments)
		}
		stdout, stderr, failed := verb(t, []string{"DATABASE_URL=" + url}, arguments...)
		if (failed != nil) != (row.refused != "") || !strings.Contains(stderr, row.refused) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s ends with %v: %s", row.arguments, failed, stderr)
		}
		if failed != nil && (failed.Error() != "exit status 1" || strings.Count(stderr, "\n") != 1) {
			t.Errorf("%s ends with %v, and says %s", row.arguments, failed, stderr)
		}
		if !regexp.MustCompile(row.stdout).MatchString(stdout) {
			t.Errorf("%s prints %q", row.arguments, stdout)
		}
	}
	for what, n := range map[string]int{
		"applications": 4, "application_tokens": 1, "companies WHERE name = 'Eckert Mauchly' AND active": 1, "companies": 2,
		// Each change is an audit event, and nothing else is.
		"audit_events WHERE operation = 'application add' AND application = 'planoship' AND command AND actor_id IS NULL": 1,
		"audit_events WHERE operation = 'application set' AND changed <> '{}' AND command":                                6,
		"audit_events WHERE changed = '{accent_color,logo,support_url}'":                                                  2,
		"audit_events WHERE operation = 'application token' AND application = 'planoship'":                                2,
		"audit_events WHERE operation = 'application token revoke' AND application = 'planoship'":                         1,
		"audit_events WHERE operation = 'company add'":                                                                    2,
		"audit_events WHERE operation = 'notification ack'":                                                               1,
		"audit_events WHERE operation IN ('migrate', 'deploy') OR operation LIKE '% list'":                                0,
		"notifications WHERE acknowledged_at IS NOT NULL AND acknowledged_by IS NULL":                                     1,
		"users": 5, "employees WHERE active": 4, "employees": 4,
		"users WHERE email = 'proved@example.com' AND email_verified_at IS NULL AND NOT suspended":                                                        1,
		"audit_events WHERE operation = 'person explain' AND application = 'planoorder' AND command AND subject_id IS NULL":                               1,
		"audit_events WHERE operation = 'person explain' AND application = 'planoauth' AND subject_id = 1":                                                2,
		"audit_events WHERE operation = 'person sign-out' AND command AND subject_id = 1 AND changed = '{}'":                                              1,
		"audit_events WHERE operation IN ('person suspend', 'person unsuspend') AND subject_id = 1 AND changed = '{suspended}'":                           2,
		"audit_events WHERE operation = 'person set-email' AND command AND changed = '{email}'":                                                           2,
		"audit_events WHERE operation = 'employee set' AND subject_id IS NOT NULL AND changed = '{active,access}'":                                        2,
		"audit_events WHERE operation = 'employee set' AND changed = '{active}'":                                                                          2,
		"audit_events WHERE operation = 'client set' AND subject_id IS NOT NULL AND changed = '{active}'":                                                 2,
		"audit_events WHERE operation IN ('service set', 'route set') AND command AND changed = '{deployed}'":                                             4,
		"audit_events WHERE command AND operation = 'person delete'":                                                                                      2,
		"audit_events a JOIN employees e ON e.user_id = a.subject_id WHERE operation = 'employee add' AND command AND status = 'action-successful'":       7,
		"audit_events WHERE changed = '{email,access}'":                                                                                                   5,
		"users WHERE email = 'new@example.com' AND first_name = 'Grace' AND last_name = 'Hopper' AND password_hash IS NULL AND email_verified_at IS NULL": 1,
		"applications WHERE slug = 'planoauth' AND sign_in_mail AND url = '' AND name = 'PlanoAuth'":                                                      1,
	} {
		if got := e.count(what); got != n {
			t.Errorf("want %d %s, have %d", n, what, got)
		}
	}
}

// TestCalibrate runs the command. What it chooses depends on the machine, and is tested in package password.
func TestCalibrate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, stdout string
		arguments    []string
	}{
		{"a time that is too short", `^ARGON2_MEMORY=19456 ARGON2_TIME=2\n(?s:.*)OWASP recommends no less`, []string{"--target", "1ms"}},
		{"a limit of memory", `^ARGON2_MEMORY=(19456|20000) ARGON2_TIME=\d+\nA hash takes \S+s on one core`, []string{"--target", "400ms", "--most-memory", "20000"}},
	} {
		stdout := done(t, nil, append([]string{"calibrate"}, row.arguments...)...)
		if !regexp.MustCompile(row.stdout).MatchString(stdout) {
			t.Errorf("%s: %s", row.name, stdout)
		}
	}
	if _, stderr, failed := verb(t, nil, "calibrate", "--most-memory", "1000"); failed == nil || !strings.Contains(stderr, "19456 KiB") {
		t.Errorf("too little memory: %v %s", failed, stderr)
	}
}

// TestVerbsRefuseADatabase that is not prepared or not there. The message holds no password.
func TestVerbsRefuseADatabase(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		emptyDatabase(t): "planoauth migrate",
		"postgres://user:hunter2@127.0.0.1:1/planoauth": "connect",
		"postgres://user:hunter2@x:port/":               "DATABASE_URL is not",
	} {
		stdout, stderr, failed := verb(t, []string{"DATABASE_URL=" + url}, "application", "token", "planoorder")
		if failed == nil || stdout != "" || !strings.Contains(stderr, want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("it ends with %v: %s", failed, stderr)
		}
	}
}
