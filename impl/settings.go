package impl

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"time"

	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
)

// Settings configures a server. Each field is a flag of `planoauth serve` and an environment variable.
type Settings struct {
	Addr      string `env:"ADDR" default:"127.0.0.1:8080" help:"The address to listen on, host:port."`
	PublicURL string `env:"PUBLIC_URL" placeholder:"URL" help:"The URL of this server, with which mailed links begin. By default http:// and ADDR."`

	MandrillAPIKey string `env:"MANDRILL_API_KEY" name:"mandrill-api-key" placeholder:"KEY" help:"Send mail by Mandrill, with this key."`
	MandrillURL    string `env:"MANDRILL_URL" name:"mandrill-url" default:"https://mandrillapp.com/api/1.0" help:"The URL of Mandrill's API."`
	SMTPURL        string `env:"SMTP_URL" name:"smtp-url" placeholder:"URL" help:"Send mail by this SMTP server instead, smtp://user:password@host:port."`
	MailFrom       string `env:"MAIL_FROM" placeholder:"SENDER" help:"The sender of mails, 'Name <address>' or an address. Required with Mandrill and SMTP."`

	GoogleClientID     string `env:"GOOGLE_CLIENT_ID" name:"google-client-id" placeholder:"ID" help:"Sign-in with Google: the id of the OAuth client."`
	GoogleClientSecret string `env:"GOOGLE_CLIENT_SECRET" name:"google-client-secret" placeholder:"SECRET" help:"Sign-in with Google: the secret of the OAuth client."`
	GoogleIssuer       string `env:"GOOGLE_ISSUER" name:"google-issuer" default:"https://accounts.google.com" help:"Sign-in with Google: the OpenID Connect issuer; another one for tests."`

	Disclosure string `env:"DISCLOSURE" enum:"precise,opaque" default:"precise" help:"Whether answers disclose who has an account: precise (they do) or opaque."`

	Argon2Memory uint32 `env:"ARGON2_MEMORY" name:"argon2-memory" default:"19456" help:"The memory of one password hash, in KiB."`
	Argon2Time   uint32 `env:"ARGON2_TIME" name:"argon2-time" default:"2" help:"The passes of one password hash."`
	HashWorkers  int    `env:"HASH_WORKERS" default:"0" help:"How many passwords are hashed at once; 0 for the number of cores."`

	ThrottleAddress   int            `env:"THROTTLE_ADDRESS" default:"600" help:"The limit of requests a minute from one address; 0 for no limit."`
	ThrottlePasswords int            `env:"THROTTLE_PASSWORDS" default:"30" help:"The limit of wrong passwords an hour for one mailbox; 0 for no limit."`
	ThrottleLinks     []int          `env:"THROTTLE_LINKS" default:"3,10" help:"The limits of mailed links for one mailbox in 10 minutes and in a day; 0 for no limit."`
	TrustedProxies    []netip.Prefix `env:"TRUSTED_PROXIES" placeholder:"NETWORK" help:"The networks of proxies whose X-Forwarded-For is trusted."`

	DrainSeconds *int `env:"DRAIN_SECONDS" placeholder:"N" help:"How long the server goes on after SIGTERM, while /health/ready answers 503. By default 5, on embedded runs 0."`

	MetricsAddr string `env:"METRICS_ADDR" placeholder:"ADDR" help:"The address to serve /metrics on, for Prometheus. By default it is not served."`

	// Embedded says that the database is the embedded one, which is for development. On a loopback Addr, pages
	// of all loopback origins may call then.
	Embedded bool `kong:"-"`

	// MailPause is the delay before the first retry of a mail; each later delay is twice as long. 0 stands
	// for a minute.
	MailPause time.Duration `kong:"-"`
}

// opaque reports whether answers must hide who has an account.
func (s Settings) opaque() bool { return s.Disclosure == "opaque" }

const (
	maxHashSlots = 4096
	maxDrain     = 3600 // seconds
)

// hashSlots returns how many passwords are hashed at once.
func (s Settings) hashSlots() int {
	if s.HashWorkers <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return s.HashWorkers
}

// HashMemory returns the memory, in KiB, of all passwords that are hashed at once.
func (s Settings) HashMemory() uint64 { return uint64(s.hashSlots()) * uint64(s.Argon2Memory) }

// check returns an error that names the first invalid setting and its rule.
func (s Settings) check() error {
	if s.Argon2Time < 1 || s.Argon2Memory < 8 {
		return errors.New("ARGON2_TIME must be at least 1, and ARGON2_MEMORY at least 8")
	}
	if s.DrainSeconds != nil && (*s.DrainSeconds < 0 || *s.DrainSeconds > maxDrain) {
		return fmt.Errorf("DRAIN_SECONDS must be 0 to %d", maxDrain)
	}
	if s.HashWorkers < 0 || s.HashWorkers > maxHashSlots {
		return fmt.Errorf("HASH_WORKERS must be 0 to %d", maxHashSlots)
	}
	if len(s.ThrottleLinks) > 2 || slices.Min(append(s.ThrottleLinks, s.ThrottleAddress, s.ThrottlePasswords)) < 0 {
		return errors.New("THROTTLE_ADDRESS and THROTTLE_PASSWORDS must be a number, and THROTTLE_LINKS one or two; none may be negative")
	}
	if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("PUBLIC_URL must be an http(s) URL")
	}
	if (s.GoogleClientID == "") != (s.GoogleClientSecret == "") {
		return errors.New("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together")
	}
	return nil
}

// NewMailer returns the mailer that the settings ask for. Without any, an embedded run on a loopback address
// gets the development mailbox.
func (s Settings) NewMailer(embedded bool) (mailer.Mailer, error) {
	host, _, _ := net.SplitHostPort(s.Addr)
	switch {
	case s.MandrillAPIKey != "" && s.SMTPURL != "":
		return nil, errors.New("set either MANDRILL_API_KEY or SMTP_URL, not both")
	case s.SMTPURL != "":
		return mailer.NewSMTP(s.SMTPURL, s.MailFrom)
	case s.MandrillAPIKey != "":
		return mailer.NewMandrill(s.MandrillAPIKey, s.MandrillURL, s.MailFrom)
	case embedded && formats.IsLoopback(host):
		return &mailer.Mailbox{}, nil
	}
	return nil, errors.New("no way to send mail is configured: set MANDRILL_API_KEY or SMTP_URL, and MAIL_FROM")
}
