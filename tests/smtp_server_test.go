package tests

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const smtpPassword = "relay/secret#1"

// smtpServer is a mail server that can be set to fail.
type smtpServer struct {
	address string
	ended   chan struct{}

	mu       sync.Mutex
	mode     string
	accepted []smtpMail
	secrets  int // sign-in attempts, successful or not
	sessions int
}

type smtpMail struct {
	from, to string
	text     []byte
	tls      bool
	user     string
}

// startSMTP starts a mail server. With a certificate it offers STARTTLS, or uses TLS from the first byte.
func startSMTP(t testing.TB, listen string, certificate *tls.Certificate, fromFirstByte bool) *smtpServer {
	m := &smtpServer{ended: make(chan struct{})}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if m.is("slow") {
			time.Sleep(3 * time.Second) // no step is as slow as all of them together
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sessions++
		return &smtpSession{server: m, conn: c}, nil
	}))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.example", true, log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", listen)
	check(t, err)
	m.address = listener.Addr().String()
	if certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		if fromFirstByte {
			listener = tls.NewListener(listener, server.TLSConfig)
		}
	}
	go server.Serve(listener)
	t.Cleanup(func() { close(m.ended); server.Close() })
	return m
}

// be sets the mode: "" accepts; smtpSession has the failures.
func (m *smtpServer) be(mode string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

func (m *smtpServer) is(mode string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mode == mode
}

func (m *smtpServer) mails() []smtpMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]smtpMail(nil), m.accepted...)
}

// smtpSession is one connection. Its refusals echo what the client sent, as those of some servers do.
type smtpSession struct {
	server *smtpServer
	conn   *smtp.Conn
	mail   smtpMail
	user   string
	taken  bool
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.mu.Lock()
		s.server.secrets++
		s.server.mu.Unlock()
		if user != "planoauth" || password != smtpPassword {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: user + " may not enter with " + password}
		}
		s.user = user
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.is("auth") && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if s.server.is("slow") {
		time.Sleep(4 * time.Second)
	}
	if s.server.is("sender refused") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not your address"}
	}
	_, secure := s.conn.TLSConnectionState()
	s.mail = smtpMail{from: from, tls: secure, user: s.user}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	switch {
	case s.server.is("no such mailbox"):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: to + " does not live here"}
	case s.server.is("later"):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: to + " is greylisted"}
	case s.server.is("relay wants a sign-in"):
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	case s.server.is("stall"):
		<-s.server.ended
	case s.server.is("drop"):
		s.conn.Conn().Close()
	}
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	switch {
	case err != nil:
		return err
	case s.server.is("message refused"):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam"}
	case s.server.is("disk full"):
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "no room"}
	case s.server.is("drop the message"):
		s.conn.Conn().Close()
		return errors.New("dropped")
	}
	s.mail.text = text
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted = append(s.server.accepted, s.mail)
	s.taken = true
	return nil
}

func (s *smtpSession) Reset() {
	switch {
	case s.taken && s.server.is("stall once it is taken"):
		<-s.server.ended
	case s.taken && s.server.is("drop once it is taken"):
		s.conn.Conn().Close()
	}
}

func (s *smtpSession) Logout() error { return nil }

// parts parses a mail as a mail program does, and returns its header and its bodies by type.
func (m smtpMail) parts(t testing.TB) (mail.Header, map[string]string) {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(m.text))
	check(t, err)
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	check(t, err)
	if kind != "multipart/alternative" {
		t.Fatalf("the mail is %s", kind)
	}
	bodies, order := map[string]string{}, []string{}
	for reader := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			break
		}
		check(t, err)
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		check(t, err)
		if !strings.EqualFold(params["charset"], "utf-8") || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("a part is %v", part.Header)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		check(t, err)
		bodies[kind] = string(body)
		order = append(order, kind)
	}
	if strings.Join(order, " ") != "text/plain text/html" { // the best comes last
		t.Errorf("the parts are %v", order)
	}
	return message.Header, bodies
}

// certify creates a certificate for this machine, and returns the file that a client needs to trust it.
func certify(t testing.TB) (*tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4zero, net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	name := filepath.Join(t.TempDir(), "authority.pem")
	check(t, os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, name
}
