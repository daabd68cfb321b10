package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/mailer"
)

// behindProxy trusts the tests as a proxy.
func behindProxy(s *impl.Settings) {
	s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// from makes a request one that a proxy forwards for this address.
func from(addresses string) client.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("X-Forwarded-For", addresses)
		return nil
	}
}

// headerOf is a transport that keeps a header of its last response.
type headerOf struct {
	name, value string
	next        http.RoundTripper
}

func (h *headerOf) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := h.next.RoundTrip(req)
	if err == nil {
		h.value = res.Header.Get(h.name)
	}
	return res, err
}

// TestAddressLimit sends more requests than the limit from one address, within one minute of a stopped clock.
func TestAddressLimit(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottleAddress = 20; behindProxy(s) }))
	token := e.signIn(e.user(person{client: true}))
	minute := time.Now().Truncate(time.Minute).Add(time.Hour)
	e.clock.stop(minute.Add(18 * time.Second))
	retry := &headerOf{name: "Retry-After", next: e.http.Transport}
	api := connect(t, e.url, &http.Client{Transport: retry})
	read := func(addresses string) string {
		outcome, err := api.PreferencesRead(t.Context(), client.PreferencesReadParams{}, client.WithToken(token), from(addresses))
		check(t, err)
		return outcome.Slug()
	}
	for range 20 {
		if slug := read("203.0.113.7"); slug != "action-successful" {
			t.Fatalf("within the limit it is %s", slug)
		}
	}
	e.counted.take()
	for range 3 {
		if slug := read("203.0.113.7"); slug != "rate-limit-exceeded" || retry.value != "60" {
			t.Errorf("over the limit it is %s, to be tried again after %s s", slug, retry.value)
		}
	}
	if asked := e.counted.take(); len(asked) != 0 {
		t.Errorf("refusals cost %v", asked)
	}
	others := []struct{ name, addresses, want string }{
		{"another address", "203.0.113.8", "action-successful"},
		{"an address that the caller made up before its own", "198.51.100.1, 203.0.113.7", "rate-limit-exceeded"},
		{"an address behind two proxies", "203.0.113.7, 127.0.0.2", "rate-limit-exceeded"},
		{"the same address as IPv6 writes it", "::ffff:203.0.113.7", "rate-limit-exceeded"},
	}
	for _, row := range others {
		if slug := read(row.addresses); slug != row.want {
			t.Errorf("%s: want %s, have %s", row.name, row.want, slug)
		}
	}
	for i := range 25 {
		slug := read(fmt.Sprintf("2001:db8:1:2::%x", i+1))
		if (i < 20) != (slug == "action-successful") {
			t.Errorf("from the address %d of an IPv6 network it is %s", i, slug)
		}
	}
	if slug := read("2001:db8:1:3::1"); slug != "action-successful" {
		t.Errorf("from another IPv6 network it is %s", slug)
	}
	for range 25 {
		want[client.SessionsReadActionSuccessful](api.SessionsRead(t.Context(), client.SessionsReadParams{}, client.WithToken(token), from("203.0.113.7")))(t)
	}
	e.clock.stop(minute.Add(77 * time.Second))
	if slug := read("203.0.113.7"); slug != "rate-limit-exceeded" {
		t.Errorf("in the next minute, but too early, it is %s", slug)
	}
	e.clock.stop(minute.Add(78 * time.Second))
	if slug := read("203.0.113.7"); slug != "action-successful" {
		t.Errorf("a minute later it is %s", slug)
	}
	for range 20 {
		read("203.0.113.7")
	}
	e.clock.stop(minute.Add(77 * time.Second)) // as for a request that arrived late
	if slug := read("203.0.113.7"); slug != "rate-limit-exceeded" {
		t.Errorf("a slow request is %s", slug)
	}
}

// TestForwardedFor: the header is trusted from trusted proxies only.
func TestForwardedFor(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, trusted, header, want string }{
		{"nobody is trusted", "", "203.0.113.7", "127.0.0.1"},
		{"the proxy is trusted", "127.0.0.0/8", "203.0.113.7", "203.0.113.7"},
		{"others are trusted", "10.0.0.0/8", "203.0.113.7", "127.0.0.1"},
		{"the caller made an address up", "127.0.0.0/8", "198.51.100.1, 203.0.113.7", "203.0.113.7"},
		{"it came through two proxies", "127.0.0.0/8", "203.0.113.7, 127.0.0.9", "203.0.113.7"},
		{"the proxy adds a port", "127.0.0.0/8", "203.0.113.7:40001", "203.0.113.7"},
		{"the proxy adds a port to an IPv6 address", "127.0.0.0/8", "[2001:db8::7]:40001", "2001:db8::7"},
		{"the header is nonsense", "127.0.0.0/8", "nonsense", "127.0.0.1"},
		{"there is no header", "127.0.0.0/8", "", "127.0.0.1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSettings(func(s *impl.Settings) {
				if row.trusted != "" {
					s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(row.trusted)}
				}
			}))
			params := client.SessionsCreateParams{Email: e.user(person{client: true}), Password: goodPassword, Application: "planoorder", View: client.Full}
			made := want[client.SessionsCreateActionSuccessful](e.api.SessionsCreate(t.Context(), params, from(row.header)))(t)
			if made.Data.IP != row.want {
				t.Errorf("the address is %s, not %s", made.Data.IP, row.want)
			}
		})
	}
}

// TestAddressLimitIsShared: replicas share the counts, which survive a restart.
func TestAddressLimitIsShared(t *testing.T) {
	t.Parallel()
	settings := cheapSettings
	settings.ThrottleAddress = 30
	behindProxy(&settings)
	e := start(t, withServer(quickly), withSettings(func(s *impl.Settings) { *s = settings }))
	e.clock.stop(time.Now().Truncate(time.Minute).Add(time.Hour))
	on := func(url string) string {
		other := *e
		other.url = url
		return other.send("POST", "/api/v1/preferences/read", []byte("{}"), "Content-Type", "application/json", "X-Forwarded-For", "203.0.113.7").status()
	}
	second := e.replica(settings, &mailer.Mailbox{})
	for range 16 {
		on(e.url)
	}
	e.within(busyLimit, "the first has synced", func() bool { return e.count("address_requests WHERE requests = 16") == 1 })
	on(second)
	e.within(busyLimit, "the second has synced", func() bool { return e.count("address_requests WHERE requests = 17") == 1 })
	for range 12 {
		if slug := on(second); slug != "missing-param" {
			t.Errorf("within the limit it is %s", slug)
		}
	}
	e.within(busyLimit, "the second has synced again", func() bool { return e.count("address_requests WHERE requests = 29") == 1 })
	on(e.url)
	e.within(busyLimit, "the first has merged the counts", func() bool { return on(e.url) == "rate-limit-exceeded" })
	e.within(busyLimit, "both have synced", func() bool { return e.count("address_requests WHERE requests >= 30") == 1 })
	if slug := on(e.replica(settings, &mailer.Mailbox{})); slug != "rate-limit-exceeded" {
		t.Errorf("after a restart it is %s", slug)
	}
}

// guess signs in from an address and returns the slug.
func (e *env) guess(email, password, address string) string {
	outcome, err := e.api.SessionsCreate(e.t.Context(), client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"}, from(address))
	if err != nil {
		return err.Error()
	}
	return outcome.Slug()
}

// requestFrom requests a magic link from an address and returns the slug.
func (e *env) requestFrom(email, address string) string {
	e.t.Helper()
	outcome, err := e.api.SessionsMagicLinkRequest(e.t.Context(), client.SessionsMagicLinkRequestParams{Email: email, Application: "planoorder"}, from(address))
	check(e.t, err)
	return outcome.Slug()
}

// TestPasswordGuessingLong makes 10,000 guesses at one account from 1,000 addresses, the right password among
// them. No more attempts than the limit of all strangers are checked, while the owner still signs in from a known address.
func TestPasswordGuessingLong(t *testing.T) {
	t.Parallel()
	const home = "198.51.100.77"
	e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) {
		s.ThrottlePasswords, s.ThrottleLinks = []int{30, 100}, []int{3, 10}
		behindProxy(s)
	}))
	email := e.user(person{client: true})
	if slug := e.guess(email, goodPassword, home); slug != "action-successful" {
		t.Fatalf("the owner's sign-in is %s", slug)
	}
	seen := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for worker := range 50 {
		all.Go(func() {
			for i := range 200 {
				n := worker*200 + i
				password := "guess " + strconv.Itoa(n)
				if n%200 == 150 {
					password = goodPassword // long after the limit
				}
				slug := e.guess(email, password, fmt.Sprintf("203.0.%d.%d", n%1000/250, n%250))
				mu.Lock()
				seen[slug]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	fmt.Printf("guessing: of 10,000 guesses %v\n", seen)
	if seen["invalid-password"] != 100 || seen["action-successful"] != 0 || seen["rate-limit-exceeded"]+seen["server-busy"] != 9900 {
		t.Errorf("the outcomes are %v", seen)
	}
	for range 3 {
		e.requestFrom(email, "203.0.113.9")
	}
	if slug := e.requestFrom(email, "203.0.113.10"); slug != "rate-limit-exceeded" {
		t.Errorf("a stranger's fourth link is %s", slug)
	}
	if slug := e.guess(email, goodPassword, "203.0.113.9"); slug != "rate-limit-exceeded" {
		t.Errorf("the right password from an unknown address is %s", slug)
	}
	if slug := e.guess(email, goodPassword, home); slug != "action-successful" {
		t.Errorf("the owner's password is %s", slug)
	}
	if slug := e.requestFrom(email, home); slug != "action-successful" {
		t.Errorf("the owner's link is %s", slug)
	}
	want[client.SessionsMagicLinkCreateActionSuccessful](e.api.SessionsMagicLinkCreate(t.Context(), client.SessionsMagicLinkCreateParams{MagicToken: e.mailedLink("magic", email)}, from("203.0.113.200")))(t)
	e.clock.move(61 * time.Minute)
	if slug := e.guess(email, goodPassword, "203.0.113.11"); slug == "rate-limit-exceeded" {
		t.Errorf("an hour later it is %s", slug)
	}
}

// TestMailboxLimits tests the limits of strangers, of the owner, and of mailboxes without a user.
func TestMailboxLimits(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, email, address string // "" for the client's and the unknown address
		try                  func(e *env, email, address string) string
		limit                int
		refused, later       string
		wait                 time.Duration // after which it is let in again
	}{
		{"passwords of strangers", "", "203.0.113.1", func(e *env, email, address string) string { return e.guess(email, "wrong", address) }, 5, "invalid-password", "invalid-password", time.Hour},
		{"passwords from the owner's address", "", "198.51.100.77", func(e *env, email, address string) string { return e.guess(email, "wrong", address) }, 5, "invalid-password", "invalid-password", time.Hour},
		{"passwords for nobody", "nobody@example.com", "203.0.113.1", func(e *env, email, address string) string { return e.guess(email, "wrong", address) }, 5, "email-not-found", "email-not-found", time.Hour},
		{"links by strangers", "", "203.0.113.1", func(e *env, email, address string) string { return e.requestFrom(email, address) }, 2, "action-successful", "action-successful", 10 * time.Minute},
		{"links from the owner's address", "", "198.51.100.77", func(e *env, email, address string) string { return e.requestFrom(email, address) }, 2, "action-successful", "action-successful", 10 * time.Minute},
		{"links for nobody", "nobody@example.com", "203.0.113.1", func(e *env, email, address string) string { return e.requestFrom(email, address) }, 2, "email-not-found", "email-not-found", 10 * time.Minute},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, withSQL(orderSQL), withSettings(func(s *impl.Settings) { s.ThrottlePasswords, s.ThrottleLinks = []int{5}, []int{2, 3}; behindProxy(s) }))
			email := e.user(person{client: true})
			if slug := e.guess(email, goodPassword, "198.51.100.77"); slug != "action-successful" {
				t.Fatal(slug)
			}
			if row.email != "" {
				email = row.email
			}
			began := time.Now()
			e.clock.stop(began)
			for range row.limit {
				if slug := row.try(e, email, row.address); slug != row.refused {
					t.Fatalf("within the limit it is %s", slug)
				}
			}
			mails := e.count("mails")
			if slug := row.try(e, email, row.address); slug != "rate-limit-exceeded" || e.count("mails") != mails {
				t.Errorf("over the limit it is %s", slug)
			}
			e.clock.stop(began.Add(row.wait - time.Second))
			if slug := row.try(e, email, row.address); slug != "rate-limit-exceeded" {
				t.Errorf("a second too early it is %s", slug)
			}
			e.clock.stop(began.Add(row.wait + time.Millisecond))
			if slug := row.try(e, email, row.address); slug != row.later {
				t.Errorf("then it is %s", slug)
			}
			if row.limit == 2 {
				for hour := range 3 { // beyond the limit of the day
					last := began.Add(row.wait + time.Millisecond + time.Duration(hour)*time.Hour)
					e.clock.stop(last.Add(time.Hour - time.Second))
					if slug := row.try(e, email, row.address); slug != "rate-limit-exceeded" {
						t.Errorf("less than an hour after the last it is %s", slug)
					}
					e.clock.stop(last.Add(time.Hour))
					if slug := row.try(e, email, row.address); slug != row.later {
						t.Errorf("an hour after the last it is %s", slug)
					}
				}
			}
		})
	}
}

// TestPasswordUpdateIsLimited: whoever has a session cannot guess the password without limit.
func TestPasswordUpdateIsLimited(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{3} }))
	token := client.WithToken(e.signIn(e.user(person{client: true})))
	update := func(current string) string {
		outcome, err := e.api.UsersPasswordUpdate(t.Context(), client.UsersPasswordUpdateParams{Password: "nanoseconds on a wire", CurrentPassword: current}, token)
		check(t, err)
		return outcome.Slug()
	}
	for range 3 {
		if slug := update("wrong"); slug != "invalid-password" {
			t.Errorf("within the limit it is %s", slug)
		}
	}
	for _, password := range []string{"wrong", goodPassword} {
		if slug := update(password); slug != "rate-limit-exceeded" {
			t.Errorf("over the limit it is %s", slug)
		}
	}
}

// TestKnownAddressesAreForgotten: an address is known for 30 days after a sign-in.
func TestKnownAddressesAreForgotten(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(func(s *impl.Settings) { s.ThrottlePasswords = []int{1, 1}; behindProxy(s) }))
	email := e.user(person{client: true})
	const home = "198.51.100.77"
	for _, row := range []struct {
		days int
		want string
	}{{29, "action-successful"}, {31, "rate-limit-exceeded"}} {
		e.exec("DELETE FROM tries")
		if slug := e.guess(email, goodPassword, home); slug != "action-successful" {
			t.Fatal(slug)
		}
		e.clock.move(time.Duration(row.days) * 24 * time.Hour)
		e.guess(email, "wrong", "203.0.113.1")
		if slug := e.guess(email, goodPassword, home); slug != row.want {
			t.Errorf("after %d days it is %s", row.days, slug)
		}
	}
}

// TestMailboxLimitsAreShared: replicas share the counts, which survive a restart.
func TestMailboxLimitsAreShared(t *testing.T) {
	t.Parallel()
	settings := cheapSettings
	settings.ThrottlePasswords = []int{3}
	e := start(t, withSettings(func(s *impl.Settings) { *s = settings }))
	email := e.user(person{client: true})
	on := func(url, password string) string {
		other := *e
		other.url = url
		body := fmt.Sprintf(`{"email":%q,"password":%q,"application":"planoorder"}`, email, password)
		return other.send("POST", "/api/v1/sessions/create", b64(body), "Content-Type", "text/plain").status()
	}
	second := e.replica(settings, &mailer.Mailbox{})
	for i, url := range []string{e.url, second, e.url} {
		if slug := on(url, "wrong"); slug != "invalid-password" {
			t.Errorf("the try %d is %s", i, slug)
		}
	}
	for _, url := range []string{e.url, second, e.replica(settings, &mailer.Mailbox{})} {
		if slug := on(url, goodPassword); slug != "rate-limit-exceeded" {
			t.Errorf("over the limit it is %s", slug)
		}
	}
}
