package tests

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/token"
)

// TestPasswordLimits: one address has a limit of its own for a mailbox, and all unknown addresses have one
// together. Beyond either, a right password is answered like a wrong one.
func TestPasswordLimits(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{3, 7}; behindProxy(s) }))
	email := e.user(person{client: true})
	address := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
	for range 3 {
		if slug := e.guess(email, "wrong", address(1)); slug != "invalid-password" {
			t.Fatalf("within the limit it is %s", slug)
		}
	}
	for _, password := range []string{"wrong", goodPassword} {
		if slug := e.guess(email, password, address(1)); slug != "rate-limit-exceeded" {
			t.Errorf("over the limit of the address it is %s", slug)
		}
	}
	for i := range 4 {
		if slug := e.guess(email, "wrong", address(2+i)); slug != "invalid-password" {
			t.Fatalf("from another address it is %s", slug)
		}
	}
	for _, password := range []string{"wrong", goodPassword} {
		if slug := e.guess(email, password, address(9)); slug != "rate-limit-exceeded" {
			t.Errorf("over the limit of all addresses it is %s", slug)
		}
	}
}

// TestOwnerBesideAStranger: a stranger guesses once a second, without end, and requests links. The owner, on a
// new network, signs in with the password at once if the stranger has one address, and with a link within an
// hour if there are a thousand.
func TestOwnerBesideAStranger(t *testing.T) {
	t.Parallel()
	for _, addresses := range []int{1, 1000} {
		t.Run(fmt.Sprintf("%d addresses", addresses), func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) {
				s.ThrottlePasswords, s.ThrottleLinks = []int{30, 100}, []int{3, 10}
				behindProxy(s)
			}))
			email := e.user(person{client: true})
			now := time.Now()
			request := 0
			stranger := func(until time.Duration, every time.Duration) {
				for end := now.Add(until); now.Before(end); now = now.Add(every) {
					e.clock.stop(now)
					from := fmt.Sprintf("203.0.%d.%d", request%addresses/250, request%addresses%250)
					e.guess(email, "wrong", from)
					e.requestFrom(email, from)
					request++
				}
			}
			stranger(3*time.Hour, 20*time.Second)
			byPassword := e.guess(email, goodPassword, "198.51.100.9")
			if addresses == 1 && byPassword != "action-successful" || addresses > 1 && byPassword != "rate-limit-exceeded" {
				t.Errorf("the owner's password is %s", byPassword)
			}
			for in := time.Duration(0); ; in += time.Minute {
				if in > time.Hour {
					t.Fatal("the owner is not in within an hour")
				}
				outcome, err := e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: e.mailedLink("magic", email)})
				check(t, err)
				if outcome.Slug() == "action-successful" {
					break
				}
				stranger(time.Minute, 20*time.Second)
			}
		})
	}
}

// TestOpaqueKnownNetwork: once strangers have reached the limit for a mailbox, the answers to a network do not
// tell that a user has signed in from it. The user still signs in there.
func TestOpaqueKnownNetwork(t *testing.T) {
	t.Parallel()
	const nat = "198.51.100.77"
	e := start(t, withSQL(orderSQL), withSettings(opaque), withSettings(func(s *impl.Settings) {
		s.ThrottlePasswords, s.ThrottleLinks = []int{5, 6}, []int{2, 3}
		behindProxy(s)
	}))
	known, nobody := e.user(person{client: true}), "nobody@example.com"
	if slug := e.guess(known, goodPassword, nat); slug != "action-successful" {
		t.Fatal(slug)
	}
	e.clock.stop(time.Now())
	same := func(name string, request func(email string) string) {
		t.Helper()
		if a, b := request(known), request(nobody); a != b {
			t.Errorf("%s: %s for a user, %s for nobody", name, a, b)
		}
	}
	fromNAT := func(email string) string { return e.guess(email, "wrong", nat) }
	for range 2 {
		same("a guess from the network", fromNAT)
	}
	for i := range 8 {
		same("a guess from elsewhere", func(email string) string { return e.guess(email, "wrong", fmt.Sprintf("203.0.113.%d", i)) })
	}
	for range 8 {
		same("a guess from the network, over the limit", fromNAT)
		if t.Failed() {
			return
		}
	}
	for i := range 4 {
		same("a link from elsewhere", func(email string) string { return e.requestFrom(email, fmt.Sprintf("203.0.113.%d", i)) })
		same("a link from the network", func(email string) string { return e.requestFrom(email, nat) })
	}
	e.clock.stop(time.Now().Add(30 * time.Minute))
	e.exec("UPDATE tries SET times = (SELECT array_agg(CASE WHEN n > 0 THEN x ELSE x - interval '1 day' END ORDER BY i) FROM unnest(times, networks) WITH ORDINALITY AS made (x, n, i))")
	if slug := e.guess(known, goodPassword, "203.0.113.1"); slug != "rate-limit-exceeded" {
		t.Errorf("the password from elsewhere is %s", slug)
	}
	if slug := e.guess(known, goodPassword, nat); slug != "action-successful" {
		t.Errorf("the user's password is %s", slug)
	}
}

// TestRegistrationLimit: an address may register so many users an hour.
func TestRegistrationLimit(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleRegistrations = 3; behindProxy(s) }))
	now := time.Now()
	e.clock.stop(now)
	n := 0
	register := func(address string) string {
		n++
		outcome, err := e.api.ClientsRegister(t.Context(), registration(fmt.Sprintf("new%d@example.com", n)), from(address))
		check(t, err)
		return outcome.Slug()
	}
	for i := range 5 {
		if slug := register("203.0.113.7"); (slug == "action-successful") != (i < 3) || i >= 3 && slug != "rate-limit-exceeded" {
			t.Errorf("the registration %d is %s", i, slug)
		}
	}
	if slug := register("203.0.113.8"); slug != "action-successful" {
		t.Errorf("from another address it is %s", slug)
	}
	e.clock.stop(now.Add(time.Hour))
	if slug := register("203.0.113.7"); slug != "action-successful" || e.count("users") != 5 {
		t.Errorf("an hour later it is %s, and there are %d users", slug, e.count("users"))
	}
}

// notices returns how many mails of each kind there are for addresses that match.
func (e *env) notices(addresses string) map[string]int {
	counts := map[string]int{}
	rows, err := e.pool.Query(e.t.Context(), "SELECT kind FROM mails WHERE to_email LIKE $1", addresses)
	check(e.t, err)
	defer rows.Close()
	for rows.Next() {
		var kind string
		check(e.t, rows.Scan(&kind))
		counts[kind]++
	}
	return counts
}

// TestNotices: a mailbox gets five mails an hour that nobody asked for, and then one summary.
func TestNotices(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	e.exec("UPDATE users SET email_verified_at = now()")
	session := client.WithToken(e.session(email, "planoorder"))
	now := time.Now()
	passwords := []string{goodPassword, "nanoseconds on a wire"}
	flips := 0
	flip := func() {
		t.Helper()
		params := client.UsersPasswordUpdateParams{CurrentPassword: passwords[flips%2], Password: passwords[1-flips%2]}
		want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(), params, session))(t)
		flips++
	}
	e.clock.stop(now)
	for range 30 {
		flip()
	}
	if got := e.notices("%"); got["password_set"] != 5 || got["summary"] != 1 {
		t.Errorf("30 changes are told by %v", got)
	}
	e.clock.stop(now.Add(time.Hour))
	flip()
	if got := e.notices("%"); got["password_set"] != 6 || got["summary"] != 1 {
		t.Errorf("an hour later there are %v", got)
	}
}

// TestUnverifiedGetOnlyTheWelcome: whoever registers somebody else's address cannot send mails there.
func TestUnverifiedGetOnlyTheWelcome(t *testing.T) {
	t.Parallel()
	const victim = "victim@example.com"
	e := start(t, withSQL("UPDATE applications SET sign_in_mail = true"))
	registered := want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration(victim)))(t)
	session := client.WithToken(registered.Session.Token)
	password := registration(victim).Client.Password
	for i := range 3 {
		next := fmt.Sprintf("nanoseconds on wire %d", i)
		params := client.UsersPasswordUpdateParams{CurrentPassword: password, Password: next}
		want[client.UsersPasswordUpdateActionSuccessful](e.api.UsersPasswordUpdate(t.Context(), params, session))(t)
		password = next
		if slug := e.guess(victim, password, "203.0.113.1"); slug != "action-successful" {
			t.Errorf("the sign-in is %s", slug)
		}
		want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: i%2 == 0}, session))(t)
	}
	if got := e.notices(victim); len(got) != 1 || got["welcome"] != 1 {
		t.Errorf("the victim gets %v", got)
	}
}

// TestMailBomb: strangers with many addresses register a mailbox with many tags, request links for all of them
// and sign in. In an hour the mailbox gets five welcomes, a summary, and as many links as the limits allow.
func TestMailBomb(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL, "UPDATE applications SET sign_in_mail = true"), withSettings(func(s *impl.Settings) {
		s.ThrottleLinks = []int{3, 10}
		behindProxy(s)
	}))
	now := time.Now()
	for i := range 60 {
		e.clock.stop(now.Add(time.Duration(i) * time.Minute))
		address := from(fmt.Sprintf("203.0.113.%d", i))
		email := fmt.Sprintf("victim+%d@example.com", i)
		want[client.ClientsRegisterActionSuccessful](e.api.ClientsRegister(t.Context(), registration(email), address))(t)
		e.requestFrom(email, fmt.Sprintf("203.0.113.%d", i))
		_, err := e.api.UsersPasswordResetRequest(t.Context(), client.UsersPasswordResetRequestParams{Email: email, Application: "planoorder"}, address)
		check(t, err)
	}
	got := e.notices("victim%")
	if got["welcome"] != 5 || got["summary"] != 1 || got["magic_link"]+got["password_reset"] > 11 {
		t.Errorf("in an hour the mailbox gets %v", got)
	}
}

// TestNotificationsAreGrouped: beyond ten notifications of a kind and operation in an hour, one counts the rest.
func TestNotificationsAreGrouped(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.mandrill.be("rejected")
	now := time.Now()
	for i := range 25 {
		e.clock.stop(now.Add(time.Duration(i) * time.Second))
		want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration(fmt.Sprintf("new%d@example.com", i))))(t)
	}
	token := client.WithToken(e.session(e.user(person{employee: true}), "planoauth"))
	list := func(view client.View) []client.Notification {
		params := client.NotificationsIndexParams{View: view, Page: client.Page{Size: 100}}
		return want[client.NotificationsIndexActionSuccessful](e.api.NotificationsIndex(t.Context(), params, token))(t).Data.Results
	}
	found := list("")
	if len(found) != 11 {
		t.Fatalf("there are %d notifications", len(found))
	}
	for i, n := range found { // the newest is the first
		if want := map[bool]int64{true: 15, false: 1}[i == 0]; n.Count != want {
			t.Errorf("the notification %d counts %d, not %d", i, n.Count, want)
		}
	}
	for _, n := range list(client.Minimal) {
		if n.Count != 0 {
			t.Error("the minimal view has the count")
		}
	}
	e.clock.stop(now.Add(2 * time.Hour))
	want[client.ClientsRegisterMandrillEmailFailed](e.api.ClientsRegister(t.Context(), registration("later@example.com")))(t)
	if n := e.count("notifications WHERE count = 1"); n != 11 {
		t.Errorf("two hours later %d stand for one failure", n)
	}
}

// TestMadeUpTokens: after a thousand made-up tokens from an address, others cost no statement, while good ones
// work, whether or not this server has seen them.
func TestMadeUpTokens(t *testing.T) {
	t.Parallel()
	e := start(t, withSQL(orderSQL), withSettings(behindProxy))
	cached, unseen := e.user(person{client: true}), e.user(person{client: true})
	used := e.session(cached, "planoorder")
	link := e.magicLink(cached, "planoorder")
	fresh := e.session(unseen, "planoorder")
	read := func(text, address string) string {
		outcome, err := e.api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(text), from(address))
		check(t, err)
		return outcome.Slug()
	}
	page := func(text string) int {
		return e.send("GET", "/magic?token="+url.QueryEscape(text), nil, "X-Forwarded-For", "203.0.113.7").code
	}
	madeUp := func(kind token.Kind) string { text, _ := token.New(kind); return text }
	read(used, "203.0.113.7")
	for i := range 1000 {
		if slug := read(madeUp(token.Session), "203.0.113.7"); slug != "invalid-token" {
			t.Fatalf("the token %d is %s", i, slug)
		}
	}
	cost := func(request func()) int {
		e.counted.take()
		request()
		return len(e.counted.take())
	}
	e.within(busyLimit, "a made-up token costs nothing", func() bool {
		return cost(func() { read(madeUp(token.Session), "203.0.113.7") }) == 0
	})
	e.within(busyLimit, "a made-up link costs nothing", func() bool { return cost(func() { page(madeUp(token.Link)) }) == 0 })
	e.within(busyLimit, "a made-up state costs nothing", func() bool {
		return cost(func() {
			e.send("GET", "/google/callback?code=x&state="+madeUp(token.Link), nil, "X-Forwarded-For", "203.0.113.7")
		}) == 0
	})
	if n := cost(func() {
		for range 50 {
			read(madeUp(token.Session), "203.0.113.7")
			if code := page(madeUp(token.Link)); code != 404 {
				t.Errorf("a made-up link is %d", code)
			}
		}
	}); n > 3 { // a false positive of the summary
		t.Errorf("100 made-up tokens cost %d statements", n)
	}
	signedIn := e.signIn(cached)
	for name, text := range map[string]string{"seen before": used, "never seen before": fresh, "just made": signedIn} {
		if slug := read(text, "203.0.113.7"); slug != "action-successful" {
			t.Errorf("a token that was %s is %s", name, slug)
		}
	}
	if code := page(link); code != 200 {
		t.Errorf("a good link is %d", code)
	}
	if n := cost(func() { read(madeUp(token.Session), "203.0.113.8") }); n != 1 {
		t.Errorf("a made-up token from another address costs %d statements", n)
	}
}

// TestReadyIsBounded: concurrent requests for /health/ready share their statements, and so do many in a second.
func TestReadyIsBounded(t *testing.T) {
	t.Parallel()
	e := start(t)
	const requests = 500
	e.counted.take()
	began := time.Now()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range requests / 10 {
				if a, err := e.trySend(t.Context(), "GET", "/health/ready", nil); err != nil || a.code != 200 {
					t.Errorf("it is %d, %v", a.code, err)
				}
			}
		})
	}
	all.Wait()
	const each, inASecond = 6, 10 // statements of a check, and checks
	if n, most := len(e.counted.take()), each*inASecond*int(2+time.Since(began)/time.Second); n > min(most, requests) {
		t.Errorf("%d requests take %d statements", requests, n)
	}
}

// TestUnknownMailboxesAreBounded: of the attempts for mailboxes that no user has, those that were tried last
// are kept, and those of users always.
func TestUnknownMailboxesAreBounded(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{3}; behindProxy(s) }),
		withSQL(`INSERT INTO tries (key, times, networks, last_at, unknown)
			SELECT sha256(n::text::bytea), ARRAY[now()], '{7}', now() - n * interval '1 millisecond', true FROM generate_series(1, 10500) n`))
	email := e.user(person{client: true})
	e.guess(email, "wrong", "203.0.113.1")
	e.within(busyLimit, "the rows from before the start are trimmed", func() bool { return e.count("tries WHERE unknown") == 10000 })
	for i := range 100 {
		if slug := e.guess(fmt.Sprintf("nobody%d@example.com", i), "wrong", "203.0.113.1"); slug != "email-not-found" {
			t.Fatal(slug)
		}
	}
	e.within(busyLimit, "they are trimmed again", func() bool { return e.count("tries WHERE unknown") == 10000 })
	if e.count("tries WHERE NOT unknown") != 1 {
		t.Error("the attempts for a user are gone")
	}
	if slugs := strings.Join([]string{e.guess("nobody99@example.com", "x", "203.0.113.1"), e.guess("nobody99@example.com", "x", "203.0.113.1"),
		e.guess("nobody99@example.com", "x", "203.0.113.1")}, " "); slugs != "email-not-found email-not-found rate-limit-exceeded" {
		t.Errorf("the mailbox that was tried last has %s", slugs)
	}
}
