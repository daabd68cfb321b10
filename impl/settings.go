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

// Settings are the settings of a server: each is a flag of `planoauth serve` and an environment variable.
type Settings struct {
	Addr      string `env:"ADDR" default:"127.0.0.1:8080" help:"Where to listen."`
	PublicURL string `env:"PUBLIC_URL" placeholder:"URL" help:"What links in mails begin with. Made from ADDR when unset."`

	MandrillAPIKey string `env:"MANDRILL_API_KEY" name:"mandrill-api-key" placeholder:"KEY" help:"Send mail by Mandrill with this key."`
	MandrillURL    string `env:"MANDRILL_URL" name:"mandrill-url" default:"https://mandrillapp.com/api/1.0" help:"Mandrill's API."`
	SMTPURL        string `env:"SMTP_URL" name:"smtp-url" placeholder:"URL" help:"Send mail by this server instead, smtp://user:password@host:port."`
	MailFrom       string `env:"MAIL_FROM" placeholder:"SENDER" help:"Sender of mails, 'Name <address>' or an address; required with either."`

	GoogleClientID     string `env:"GOOGLE_CLIENT_ID" name:"google-client-id" placeholder:"ID" help:"Sign-in with Google: the OAuth client's id."`
	GoogleClientSecret string `env:"GOOGLE_CLIENT_SECRET" name:"google-client-secret" placeholder:"SECRET" help:"The OAuth client's secret."`
	GoogleIssuer       string `env:"GOOGLE_ISSUER" name:"google-issuer" default:"https://accounts.google.com" help:"The issuer; another one than Google for tests."`

	Disclosure string `env:"DISCLOSURE" enum:"precise,opaque" default:"precise" help:"Whether answers tell who has an account: precise, or opaque."`

	Argon2Memory uint32 `env:"ARGON2_MEMORY" name:"argon2-memory" default:"19456" help:"Memory of one password hash, in KiB."`
	Argon2Time   uint32 `env:"ARGON2_TIME" name:"argon2-time" default:"2" help:"Passes of one password hash."`
	HashWorkers  int    `env:"HASH_WORKERS" default:"0" help:"Passwords hashed at once; 0 stands for the number of cores."`

	ThrottleAddress   int            `env:"THROTTLE_ADDRESS" default:"600" help:"Requests a minute from one address; 0 for no bound."`
	ThrottlePasswords int            `env:"THROTTLE_PASSWORDS" default:"30" help:"Wrong passwords an hour for one mailbox; 0 for no bound."`
	ThrottleLinks     []int          `env:"THROTTLE_LINKS" default:"3,10" help:"Mailed links for one mailbox in 10 minutes and in a day; 0 for no bound."`
	TrustedProxies    []netip.Prefix `env:"TRUSTED_PROXIES" placeholder:"NETWORK" help:"Networks whose X-Forwarded-For is believed."`

	MetricsAddr string `env:"METRICS_ADDR" placeholder:"ADDR" help:"Where /metrics, for Prometheus, listens; nowhere when unset."`

	// MailPause is the pause before a mail that could not be sent is tried again; each later pause is twice as long. A minute when 0.
	MailPause time.Duration `kong:"-"`
}

// opaque reports whether answers must hide who has an account.
func (s Settings) opaque() bool { return s.Disclosure == "opaque" }

// Hashing is the memory, in KiB, that all hashes take that are made at once.
func (s Settings) Hashing() uint64 { return uint64(workers(s.HashWorkers)) * uint64(s.Argon2Memory) }

const maxWorkers = 4096

// workers are the passwords that are hashed at once.
func workers(setting int) int {
	if setting <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return setting
}

// check says which setting is wrong, and how it must be.
func (s Settings) check() error {
	if s.Argon2Time < 1 || s.Argon2Memory < 8 {
		return errors.New("ARGON2_TIME must be at least 1, and ARGON2_MEMORY at least 8")
	}
	if s.HashWorkers < 0 || s.HashWorkers > maxWorkers {
		return fmt.Errorf("HASH_WORKERS must be 0 to %d", maxWorkers)
	}
	if len(s.ThrottleLinks) > 2 || slices.Min(append(s.ThrottleLinks, s.ThrottleAddress, s.ThrottlePasswords)) < 0 {
		return errors.New("THROTTLE_ADDRESS and THROTTLE_PASSWORDS must be a number, and THROTTLE_LINKS one or two; none may be negative")
	}
	if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("PUBLIC_URL must be an http(s) URL")
	}
	if (s.GoogleClientID == "") != (s.GoogleClientSecret == "") {
		return errors.New("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET come together")
	}
	return nil
}

// NewMailer is Mandrill, or a mail server, or where nothing is configured, on an embedded run that nobody outside can reach,
// the mailbox.
func (s Settings) NewMailer(embedded bool) (mailer.Mailer, error) {
	host, _, _ := net.SplitHostPort(s.Addr)
	switch {
	case s.MandrillAPIKey != "" && s.SMTPURL != "":
		return nil, errors.New("mail goes by Mandrill or by SMTP: set MANDRILL_API_KEY or SMTP_URL, not both")
	case s.SMTPURL != "":
		return mailer.NewSMTP(s.SMTPURL, s.MailFrom)
	case s.MandrillAPIKey != "":
		return mailer.NewMandrill(s.MandrillAPIKey, s.MandrillURL, s.MailFrom)
	case embedded && formats.IsLoopback(host):
		return &mailer.Mailbox{}, nil
	}
	return nil, errors.New("there is no way to send mail: set MANDRILL_API_KEY or SMTP_URL, and MAIL_FROM")
}
