package impl

import (
	"errors"
	"net"
	"net/url"
	"time"
)

// Settings are the settings of a server: each is a flag of `planoauth serve` and an environment variable.
type Settings struct {
	Addr      string `env:"ADDR" default:"127.0.0.1:8080" help:"Where to listen."`
	PublicURL string `env:"PUBLIC_URL" placeholder:"URL" help:"What links in mails begin with. Made from ADDR when unset."`

	MandrillAPIKey string `env:"MANDRILL_API_KEY" name:"mandrill-api-key" placeholder:"KEY" help:"Send mail by Mandrill with this key."`
	MandrillURL    string `env:"MANDRILL_URL" name:"mandrill-url" default:"https://mandrillapp.com/api/1.0" help:"Mandrill's API."`
	MailFrom       string `env:"MAIL_FROM" placeholder:"SENDER" help:"Sender of mails, 'Name <address>' or an address; required with Mandrill."`

	Argon2Memory uint32 `env:"ARGON2_MEMORY" name:"argon2-memory" default:"19456" help:"Memory of one password hash, in KiB."`
	Argon2Time   uint32 `env:"ARGON2_TIME" name:"argon2-time" default:"2" help:"Passes of one password hash."`
	HashWorkers  int    `env:"HASH_WORKERS" default:"0" help:"Passwords hashed at once; 0 stands for the number of cores."`

	// MailPause is the pause before a mail that could not be sent is tried again; each later pause is twice as long. A minute when 0.
	MailPause time.Duration `kong:"-"`
}

// check says which setting is wrong, and how it must be.
func (s Settings) check() error {
	if s.Argon2Time < 1 || s.Argon2Memory < 8 {
		return errors.New("ARGON2_TIME must be at least 1, and ARGON2_MEMORY at least 8")
	}
	if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("PUBLIC_URL must be an http(s) URL")
	}
	return nil
}

// NewMailer is Mandrill, or where nothing is configured, on an embedded run that nobody outside can reach, the mailbox.
func (s Settings) NewMailer(embedded bool) (Mailer, error) {
	host, _, _ := net.SplitHostPort(s.Addr)
	switch {
	case s.MandrillAPIKey != "":
		return NewMandrill(s.MandrillAPIKey, s.MandrillURL, s.MailFrom)
	case embedded && isLoopback(host):
		return &Mailbox{}, nil
	}
	return nil, errors.New("there is no way to send mail: set MANDRILL_API_KEY and MAIL_FROM")
}
