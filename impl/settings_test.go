package impl

import (
	"net/netip"
	"strings"
	"testing"
)

// TestSettings has a row per rule. want is a part of the error, "" for none; the value is never repeated.
func TestSettings(t *testing.T) {
	valid := Settings{PublicURL: "https://auth.example", Argon2Memory: 8, Argon2Time: 1}
	for _, row := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"valid settings", func(*Settings) {}, ""},
		{"most hash slots", func(s *Settings) { s.HashWorkers = maxHashSlots }, ""},
		{"limits of links off", func(s *Settings) { s.ThrottleLinks = []int{0} }, ""},
		{"no passes", func(s *Settings) { s.Argon2Time = 0 }, "ARGON2_TIME"},
		{"too little memory", func(s *Settings) { s.Argon2Memory = 7 }, "ARGON2_MEMORY"},
		{"a negative number of days", func(s *Settings) { s.AuditDays = -1 }, "AUDIT_DAYS"},
		{"days in more than a century", func(s *Settings) { s.AuditDays = maxAuditDays + 1 }, "AUDIT_DAYS"},
		{"negative hash slots", func(s *Settings) { s.HashWorkers = -1 }, "HASH_WORKERS"},
		{"too many hash slots", func(s *Settings) { s.HashWorkers = maxHashSlots + 1 }, "HASH_WORKERS"},
		{"three limits of links", func(s *Settings) { s.ThrottleLinks = []int{1, 2, 3} }, "THROTTLE_LINKS"},
		{"negative limit of links", func(s *Settings) { s.ThrottleLinks = []int{1, -2} }, "THROTTLE_LINKS"},
		{"negative limit of requests", func(s *Settings) { s.ThrottleAddress = -1 }, "THROTTLE_ADDRESS"},
		{"three limits of passwords", func(s *Settings) { s.ThrottlePasswords = []int{1, 2, 3} }, "THROTTLE_PASSWORDS"},
		{"negative limit of registrations", func(s *Settings) { s.ThrottleRegistrations = -1 }, "THROTTLE_REGISTRATIONS"},
		{"negative limit of passwords", func(s *Settings) { s.ThrottlePasswords = []int{-1} }, "THROTTLE_PASSWORDS"},
		{"loopback address without a public URL", func(s *Settings) { s.PublicURL, s.Addr = "", "localhost:8080" }, ""},
		{"public address without a public URL", func(s *Settings) { s.PublicURL, s.Addr = "", ":8080" }, "PUBLIC_URL is required"},
		{"named address without a public URL", func(s *Settings) { s.PublicURL, s.Addr = "", "auth.internal:8080" }, "PUBLIC_URL is required"},
		{"public URL with a port", func(s *Settings) { s.PublicURL = "https://auth.example:8443/" }, ""},
		{"loopback public URL", func(s *Settings) { s.PublicURL = "http://127.0.0.1:8080" }, ""},
		{"public URL without TLS", func(s *Settings) { s.PublicURL = "http://auth.example" }, "PUBLIC_URL must be an origin"},
		{"public URL with a path", func(s *Settings) { s.PublicURL = "https://auth.example/auth" }, "PUBLIC_URL must be an origin"},
		{"public URL with a query", func(s *Settings) { s.PublicURL = "https://auth.example?x" }, "PUBLIC_URL must be an origin"},
		{"public URL with a fragment", func(s *Settings) { s.PublicURL = "https://auth.example#x" }, "PUBLIC_URL must be an origin"},
		{"public URL with a password", func(s *Settings) { s.PublicURL = "https://u:hunter2@auth.example" }, "PUBLIC_URL must be an origin"},
		{"public URL without a host", func(s *Settings) { s.PublicURL = "https://:8080" }, "PUBLIC_URL must be an origin"},
		{"public URL with a wildcard", func(s *Settings) { s.PublicURL = "https://*.example" }, "PUBLIC_URL must be an origin"},
		{"address without a port", func(s *Settings) { s.Addr = "127.0.0.1" }, "ADDR must be host:port"},
		{"address with a named port", func(s *Settings) { s.Addr = "127.0.0.1:http" }, "ADDR must be host:port"},
		{"metrics address without a port", func(s *Settings) { s.MetricsAddr = "9090" }, "METRICS_ADDR must be host:port"},
		{"empty network", func(s *Settings) { s.TrustedProxies = []netip.Prefix{{}} }, "TRUSTED_PROXIES must be networks"},
		{"Mandrill's URL without a scheme", func(s *Settings) { s.MandrillURL = "mandrillapp.com" }, "MANDRILL_URL must be an http(s) URL"},
		{"Mandrill's URL with a query", func(s *Settings) { s.MandrillURL = "https://mandrillapp.com/?key=hunter2" }, "MANDRILL_URL must be an http(s) URL"},
		{"issuer that is no URL", func(s *Settings) { s.GoogleIssuer = "Google" }, "GOOGLE_ISSUER must be an http(s) URL"},
		{"another disclosure", func(s *Settings) { s.Disclosure = "vague" }, "DISCLOSURE must be precise or opaque"},
		{"two mistakes", func(s *Settings) { s.Argon2Time, s.PublicURL = 0, "x" }, "PUBLIC_URL must be an origin such as https://auth.example.com, without path, query and fragment; http is allowed on a loopback host only\nARGON2_TIME"},
		{"public URL without a scheme", func(s *Settings) { s.PublicURL = "auth.example" }, "PUBLIC_URL"},
		{"public URL of another scheme", func(s *Settings) { s.PublicURL = "ftp://auth.example" }, "PUBLIC_URL"},
		{"Google without a secret", func(s *Settings) { s.GoogleClientID = "id" }, "GOOGLE_CLIENT_SECRET must be set together"},
	} {
		settings := valid
		row.change(&settings)
		err := settings.Complete()
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error is %v, want %q", row.name, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error repeats the value", row.name)
		}
	}
}

// TestPublicURL is what links in mails begin with.
func TestPublicURL(t *testing.T) {
	for _, row := range [][3]string{
		{"127.0.0.1:8080", "", "http://127.0.0.1:8080"},
		{"[::1]:8080", "", "http://[::1]:8080"},
		{"localhost:80", "", "http://localhost"},
		{":8080", "https://Auth.Example:443/", "https://auth.example"},
		{"127.0.0.1:8080", "https://auth.example", "https://auth.example"},
	} {
		settings := Settings{Addr: row[0], PublicURL: row[1], Argon2Memory: 8, Argon2Time: 1}
		for range 2 {
			if err := settings.Complete(); err != nil || settings.PublicURL != row[2] {
				t.Errorf("with ADDR=%s and PUBLIC_URL=%s it is %s (%v)", row[0], row[1], settings.PublicURL, err)
			}
		}
	}
}
