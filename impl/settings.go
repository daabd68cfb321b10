package impl

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/mailer"
)

// Settings configures a server. Each field is a flag of `planoauth serve` and an environment variable. Complete
// checks them and fills in what is derived from others.
type Settings struct {
	Addr      string `env:"ADDR" default:"127.0.0.1:8080" help:"The address to listen on, host:port."`
	PublicURL string `env:"PUBLIC_URL" placeholder:"URL" help:"The origin of this server, with which mailed links begin. By default http:// and ADDR; required unless ADDR is a loopback address."`

	MandrillAPIKey string `env:"MANDRILL_API_KEY" name:"mandrill-api-key" placeholder:"KEY" help:"Send mail by Mandrill, with this key."`
	MandrillURL    string `env:"MANDRILL_URL" name:"mandrill-url" default:"https://mandrillapp.com/api/1.0" help:"The URL of Mandrill's API."`
	SMTPURL        string `env:"SMTP_URL" name:"smtp-url" placeholder:"URL" help:"Send mail by this SMTP server instead, smtp://user:password@host:port."`
	MailFrom       string `env:"MAIL_FROM" placeholder:"SENDER" help:"The sender of mails, 'Name <address>' or an address. Required with Mandrill and SMTP."`

	GoogleClientID     string `env:"GOOGLE_CLIENT_ID" name:"google-client-id" placeholder:"ID" help:"Sign-in with Google: the id of the OAuth client."`
	GoogleClientSecret string `env:"GOOGLE_CLIENT_SECRET" name:"google-client-secret" placeholder:"SECRET" help:"Sign-in with Google: the secret of the OAuth client."`
	GoogleIssuer       string `env:"GOOGLE_ISSUER" name:"google-issuer" default:"https://accounts.google.com" help:"Sign-in with Google: the OpenID Connect issuer; another one for tests."`

	Disclosure string `env:"DISCLOSURE" default:"precise" help:"Whether answers disclose who has an account: precise (they do) or opaque."`

	Argon2Memory uint32 `env:"ARGON2_MEMORY" name:"argon2-memory" default:"19456" help:"The memory of one password hash, in KiB."`
	Argon2Time   uint32 `env:"ARGON2_TIME" name:"argon2-time" default:"2" help:"The passes of one password hash."`
	HashWorkers  int    `env:"HASH_WORKERS" default:"0" help:"How many passwords are hashed at once; 0 for the number of cores."`

	ThrottleAddress       int            `env:"THROTTLE_ADDRESS" default:"600" help:"The limit of requests in any minute from one address; 0 for no limit."`
	ThrottlePasswords     []int          `env:"THROTTLE_PASSWORDS" default:"30,100" help:"The limits of wrong passwords an hour for one mailbox, from one address and from all unknown ones together; 0 for no limit."`
	ThrottleLinks         []int          `env:"THROTTLE_LINKS" default:"3,10" help:"The limits of mailed links for one mailbox and application in 10 minutes and in a day; beyond the second, one an hour is mailed; 0 for no limit."`
	ThrottleRegistrations int            `env:"THROTTLE_REGISTRATIONS" default:"100" help:"The limit of registrations an hour from one address; 0 for no limit."`
	TrustedProxies        []netip.Prefix `env:"TRUSTED_PROXIES" placeholder:"NETWORK" help:"The networks of proxies whose X-Forwarded-For is trusted, such as 10.0.0.0/8."`

	AuditDays int `env:"AUDIT_DAYS" default:"365" help:"For how many days audit events are kept; 0 for ever."`

	DrainSeconds *int `env:"DRAIN_SECONDS" placeholder:"N" help:"How long the server goes on after SIGTERM, while /health/ready answers 503. By default 5, on embedded runs 0."`

	MetricsAddr string `env:"METRICS_ADDR" placeholder:"ADDR" help:"The address to serve /metrics on, for Prometheus. By default it is not served."`

	// Embedded says that the database is the embedded one, which is for development. On a loopback Addr, pages
	// of all loopback origins may call then.
	Embedded bool `kong:"-"`

	// FirstPeople are the people to sign in as, listed on the start page where it shows the development mailbox.
	FirstPeople []admin.FirstPerson `kong:"-"`

	// MailPause is the delay before the first retry of a mail; each later delay is twice as long. 0 stands
	// for a minute.
	MailPause time.Duration `kong:"-"`
}

// opaque reports whether answers must hide who has an account.
func (s Settings) opaque() bool { return s.Disclosure == "opaque" }

// unknownMailboxes returns the number of mailboxes without a user whose attempts are stored. With opaque answers it is
// so large that nobody can easily have attempts forgotten, which would reveal that there is no user.
func (s Settings) unknownMailboxes() int {
	if s.opaque() {
		return 1_000_000
	}
	return 10_000
}

const (
	maxHashSlots = 4096
	maxDrain     = 3600 // seconds
	maxAuditDays = 36500
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

// Complete puts PublicURL into the form of an origin, derives it from Addr if it is not set, and returns an
// error that names every invalid setting with its rule. New calls it; a second call changes nothing.
func (s *Settings) Complete() error {
	if s.PublicURL == "" && s.onLoopback() {
		s.PublicURL = "http://" + s.Addr
	}
	err := errors.Join(s.checkAddresses(), s.checkPublicURL(), s.checkURLs(), s.checkLimits())
	if err == nil {
		s.PublicURL = formats.Origin(s.PublicURL)
	}
	return err
}

// onLoopback reports whether the server can be reached from this machine only.
func (s *Settings) onLoopback() bool {
	host, _, _ := net.SplitHostPort(s.Addr)
	return formats.IsLoopback(strings.ToLower(host))
}

// checkAddresses checks where to listen, and which proxies are trusted. Tests that bring their own listener
// leave Addr empty.
func (s *Settings) checkAddresses() error {
	var errs []error
	for _, listen := range [][2]string{{"ADDR", s.Addr}, {"METRICS_ADDR", s.MetricsAddr}} {
		if listen[1] != "" && formats.CheckListenAddress(listen[1]) != nil {
			errs = append(errs, errors.New(listen[0]+" must be host:port or :port, such as 127.0.0.1:8080"))
		}
	}
	for _, network := range s.TrustedProxies {
		if !network.IsValid() {
			errs = append(errs, errors.New("TRUSTED_PROXIES must be networks such as 10.0.0.0/8, separated by commas"))
		}
	}
	return errors.Join(errs...)
}

func (s *Settings) checkPublicURL() error {
	switch {
	case s.PublicURL == "":
		return errors.New("PUBLIC_URL is required, since ADDR is not a loopback address: " +
			"set it to the origin that mailed links begin with, such as https://auth.example.com")
	case formats.CheckOrigin(s.PublicURL) != nil:
		return errors.New("PUBLIC_URL must be an origin such as https://auth.example.com, " +
			"without path, query and fragment; http is allowed on a loopback host only")
	}
	return nil
}

// checkURLs checks the URLs of other servers, and what must be set together. NewMailer checks SMTP_URL.
func (s *Settings) checkURLs() error {
	var errs []error
	for _, other := range [][2]string{{"MANDRILL_URL", s.MandrillURL}, {"GOOGLE_ISSUER", s.GoogleIssuer}} {
		if other[1] != "" && formats.CheckServerURL(other[1]) != nil {
			errs = append(errs, errors.New(other[0]+" must be an http(s) URL without user, query and fragment"))
		}
	}
	if (s.GoogleClientID == "") != (s.GoogleClientSecret == "") {
		errs = append(errs, errors.New("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together"))
	}
	return errors.Join(errs...)
}

func (s *Settings) checkLimits() error {
	var errs []error
	if s.Argon2Time < 1 || s.Argon2Memory < 8 {
		errs = append(errs, errors.New("ARGON2_TIME must be at least 1, and ARGON2_MEMORY at least 8"))
	}
	if s.DrainSeconds != nil && (*s.DrainSeconds < 0 || *s.DrainSeconds > maxDrain) {
		errs = append(errs, fmt.Errorf("DRAIN_SECONDS must be 0 to %d", maxDrain))
	}
	if s.AuditDays < 0 || s.AuditDays > maxAuditDays {
		errs = append(errs, fmt.Errorf("AUDIT_DAYS must be 0 to %d", maxAuditDays))
	}
	if s.HashWorkers < 0 || s.HashWorkers > maxHashSlots {
		errs = append(errs, fmt.Errorf("HASH_WORKERS must be 0 to %d", maxHashSlots))
	}
	limits := slices.Concat(s.ThrottleLinks, s.ThrottlePasswords, []int{s.ThrottleAddress, s.ThrottleRegistrations})
	if len(s.ThrottleLinks) > 2 || len(s.ThrottlePasswords) > 2 || slices.Min(limits) < 0 {
		errs = append(errs, errors.New("THROTTLE_ADDRESS and THROTTLE_REGISTRATIONS must be a number, "+
			"THROTTLE_PASSWORDS and THROTTLE_LINKS one or two; none may be negative"))
	}
	if s.Disclosure != "" && s.Disclosure != "precise" && s.Disclosure != "opaque" {
		errs = append(errs, errors.New("DISCLOSURE must be precise or opaque"))
	}
	return errors.Join(errs...)
}

// NewMailer returns the mailer that the settings ask for. Without any, an embedded run on a loopback address
// gets the development mailbox.
func (s Settings) NewMailer(embedded bool) (mailer.Mailer, error) {
	switch {
	case s.MandrillAPIKey != "" && s.SMTPURL != "":
		return nil, errors.New("set either MANDRILL_API_KEY or SMTP_URL, not both")
	case s.SMTPURL != "":
		return mailer.NewSMTP(s.SMTPURL, s.MailFrom)
	case s.MandrillAPIKey != "":
		return mailer.NewMandrill(s.MandrillAPIKey, s.MandrillURL, s.MailFrom)
	case embedded && s.onLoopback():
		if s.MailFrom != "" {
			return &mailer.Mailbox{}, mailer.CheckSender(s.MailFrom)
		}
		return &mailer.Mailbox{}, nil
	}
	return nil, errors.New("no way to send mail is configured: set MANDRILL_API_KEY or SMTP_URL, and MAIL_FROM")
}
