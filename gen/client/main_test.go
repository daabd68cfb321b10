package client_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/db/embedded"
	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
	"github.com/planoauth/planoauth/impl/mailer"
)

// The client of the examples, who is registered in each run.
var (
	email    = strings.ToLower(rand.Text()) + "@example.com"
	password = rand.Text()
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs tests and examples with the server at PLANOAUTH_URL, or with a server of its own on an embedded
// Postgres.
func run(m *testing.M) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if os.Getenv("PLANOAUTH_URL") == "" {
		dir := must(os.MkdirTemp("", "planoauth-client-"))
		defer os.RemoveAll(dir)
		check(os.Chmod(dir, 0o755)) // Postgres does not run as root, and has to get in
		postgres := must(embedded.Start(ctx, dir+"/postgres", "fsync=off"))
		defer postgres.Stop()
		d := must(db.Open(ctx, must(db.ParseURL(postgres.URL))))
		defer d.Close()
		check(db.Migrate(ctx, d))
		check(admin.Deploy(ctx, d, time.Now()))
		settings := impl.Settings{PublicURL: "https://auth.example", Argon2Memory: 8, Argon2Time: 1}
		server := must(impl.New(settings, d, &mailer.Mailbox{}, slog.New(slog.DiscardHandler), time.Now))
		working, stop := context.WithCancel(ctx)
		wait := must(server.Start(working))
		defer func() { stop(); wait() }()
		listener := httptest.NewServer(server.Handler())
		defer listener.Close()
		os.Setenv("PLANOAUTH_URL", listener.URL)
	}
	auth := must(client.New(os.Getenv("PLANOAUTH_URL")))
	ada := client.ClientsRegisterClient{Email: email, Password: password, FirstName: "Ada", LastName: "Lovelace"}
	params := client.ClientsRegisterParams{Application: "planoorder", Client: ada}
	must(client.Only[client.ClientsRegisterActionSuccessful](auth.ClientsRegister(ctx, params)))
	return m.Run()
}

// signedIn is a client of the server, with the token of a session.
func signedIn() (auth *client.API, token string) {
	auth = must(client.New(os.Getenv("PLANOAUTH_URL")))
	params := client.SessionsCreateParams{Email: email, Password: password, Application: "planoorder"}
	outcome := must(client.Only[client.SessionsCreateActionSuccessful](auth.SessionsCreate(context.Background(), params)))
	return auth, outcome.Data.Token
}

// must ends the run, and what it has started, on an error.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
