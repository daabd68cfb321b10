package impl

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/token"
)

const signInBody = `{"email":"ada@example.com","password":"analytical engine 1843","application":"planoorder"}`

// known is a server that never asks a database: all is deployed, and it keeps one session and knows one
// application's token.
type known struct {
	*Server
	session            *db.Session
	digest             [32]byte
	token, application string
}

func startKnown(b *testing.B) *known {
	config, err := db.ParseURL("postgres://nobody@127.0.0.1:1/nothing")
	check(b, err)
	d, err := db.Open(b.Context(), config)
	check(b, err)
	b.Cleanup(d.Close)
	settings := Settings{PublicURL: "https://auth.example", Argon2Memory: 8, Argon2Time: 1, ThrottleAddress: 1 << 30}
	server, err := New(settings, d, &mailer.Mailbox{}, slog.New(slog.NewJSONHandler(io.Discard, nil)), time.Now)
	check(b, err)
	k := &known{Server: server}
	app := &db.Application{ID: 2, Slug: "planoorder", Name: "PlanoOrder", Admits: []db.Role{db.RoleClient}}
	var digest [32]byte
	k.application, digest = token.New(token.Application)
	later := time.Now().Add(time.Hour) // longer than a benchmark takes
	r := &registry{
		readAt: later, services: map[string]bool{}, routes: map[route]bool{},
		appsBySlug: map[string]*db.Application{app.Slug: app}, appsByID: map[int64]*db.Application{app.ID: app},
		appsByToken: map[[32]byte]appToken{digest: {app, &lastUse{uses: newTokenUses(nil, nil)}}},
	}
	for _, op := range gen.Operations {
		r.services[op.Service], r.routes[route{op.Method, op.Path}] = true, true
	}
	k.registry.newest.Store(r)
	k.session = &db.Session{
		ID: 7, UserID: 5, ApplicationID: app.ID, Method: "password", IP: "192.0.2.1", UserAgent: "Firefox", CreatedAt: time.Now(), LastUsedAt: later,
		User: db.User{ID: 5, Email: "ada@example.com", EmailVerifiedAt: time.Now(), Records: db.Records{Client: new(true)}},
	}
	k.token, k.digest = token.New(token.Session)
	k.Sessions.SessionByToken = func(context.Context, []byte) (*db.Session, error) { return k.session, nil }
	k.Sessions.Intervals.Unconfirmed, k.Sessions.Intervals.MaxAge = time.Hour, time.Hour
	_, err = k.Sessions.Load(b.Context(), k.digest)
	check(b, err)
	return k
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// sink takes an answer and keeps its code.
type sink struct {
	header http.Header
	code   int
}

func (s *sink) Header() http.Header            { return s.header }
func (s *sink) WriteHeader(code int)           { s.code = code }
func (s *sink) Write(text []byte) (int, error) { return len(text), nil }

// BenchmarkSteps are the steps of a session check that cost anything, and what a registration costs besides
// its hash and statements.
func BenchmarkSteps(b *testing.B) {
	k := startKnown(b)
	body := []byte(`{"session_token":"` + k.token + `","view":"default"}`)
	lookalikes := strings.Repeat("4@8({[<369!1|70$5+%2", 4)[:64]
	sensitive := []byte(base64.StdEncoding.EncodeToString([]byte(signInBody)))
	params, err := decodeObject(body)
	check(b, err)
	var op *gen.Operation
	for _, one := range gen.Operations {
		if one.ID == "sessionsRead" {
			op = one
		}
	}
	app := k.registry.newest.Load().appsByID[2]
	out, now := &sink{header: http.Header{"X-Request-Id": {"3TQ5ZKXW7N2RFYB4MJ6HCDLVAE"}}}, time.Now()
	for _, step := range []struct {
		name string
		do   func() bool // whether it went well
	}{
		{"decode JSON", func() bool {
			_, err := decodeObject(body)
			return err == nil
		}},
		{"decode base64 and JSON", func() bool {
			text, err := decodeBase64(sensitive)
			if err != nil {
				return false
			}
			_, err = decodeObject(text)
			return err == nil
		}},
		{"token", func() bool { return token.WellFormed(k.token, token.Session) && token.Digest(k.token) == k.digest }},
		{"find in cache", func() bool { return k.Sessions.Find(k.digest) != nil }},
		{"validate", func() bool {
			c := &call{op: op, req: &http.Request{}, params: params, tokenPresented: true, clientApp: app}
			refusal, err := k.validate(c)
			return refusal == nil && err == nil
		}},
		{"view and marshal", func() bool {
			return gen.SessionsReadActionSuccessful{Data: sessionView(gen.Default, k.session, app, "")}.Write(out) == nil
		}},
		{"judge a password", func() bool {
			return password.Check("analytical engine 1843", password.OwnWords("ada@example.com", "Ada", "Lovelace", "planoorder", "planoauth")) == nil
		}},
		{"judge look-alikes", func() bool {
			return password.Check(lookalikes, password.OwnWords("ada@example.com", "Ada", lookalikes, "planoorder", "planoauth")) != nil
		}},
		{"wait for no hash slot", func() bool { return k.Passwords.Limiter.Do(b.Context(), "192.0.2.1", func() {}) == nil }},
		{"check names and phone", func() bool { return (&profile{firstName: "Ada", lastName: "Lovelace"}).normalize("") == nil }},
		{"write a mail", func() bool {
			_, err := k.mails.Write(mailer.Welcome, &k.session.User, app, mailer.Facts{Time: now, IP: "192.0.2.1", UserAgent: "Firefox", Link: "https://auth.example/verify?token=x"})
			return err == nil
		}},
	} {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !step.do() {
					b.Fatal("it fails")
				}
			}
		})
	}
}

// BenchmarkRequests are whole requests without a network: session checks from the cache, and refusals.
func BenchmarkRequests(b *testing.B) {
	k := startKnown(b)
	handler := k.Handler()
	for _, request := range []struct {
		name, path, contentType, token, body string
		code                                 int
	}{
		{"check by a product", "sessions/read", "application/json", k.application, `{"session_token":"` + k.token + `"}`, 200},
		{"check by a product, minimal", "sessions/read", "application/json", k.application, `{"session_token":"` + k.token + `","view":"minimal"}`, 200},
		{"check by the user", "sessions/read", "application/json", k.token, "{}", 200},
		{"bad base64", "sessions/create", "text/plain", "", "!" + signInBody, 400},
		{"missing param", "sessions/create", "text/plain", "", base64.StdEncoding.EncodeToString([]byte(`{"email":"ada@example.com"}`)), 400},
		{"bad token", "sessions/read", "application/json", k.token[:40] + strings.Repeat("a", 21), "{}", 401},
	} {
		b.Run(request.name, func(b *testing.B) {
			req := httptest.NewRequest(http.MethodPost, "/api/v1/"+request.path, nil)
			req.Header.Set("Content-Type", request.contentType)
			if request.token != "" {
				req.Header.Set("Authorization", "Bearer "+request.token)
			}
			req.ContentLength = int64(len(request.body))
			text, body, out := []byte(request.body), &bytes.Reader{}, &sink{header: http.Header{}}
			req.Body = io.NopCloser(body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(text)
				clear(out.header)
				if handler.ServeHTTP(out, req); out.code != request.code {
					b.Fatalf("it answers %d, not %d", out.code, request.code)
				}
			}
		})
	}
}
