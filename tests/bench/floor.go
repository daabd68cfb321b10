package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// floor is echo and nothing more, or with the statements of an operation through pgxpool, prepared.
type floor struct {
	*db.DB
	mandrill string
	mails    http.Client
}

// samples are answers of the server's. A floor gives the same, and so as much JSON.
type samples struct {
	Default, Minimal gen.SessionsReadActionSuccessful
	SignIn           gen.SessionsCreateActionSuccessful
	Register         gen.ClientsRegisterActionSuccessful
}

func serveFloor(ctx context.Context) {
	config, err := db.ParseURL(os.Getenv("DATABASE_URL"))
	check(err)
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	d, err := db.Open(ctx, config)
	check(err)
	f := &floor{DB: d, mandrill: os.Getenv("MANDRILL_URL") + "/messages/send"}
	f.mails.Transport = &http.Transport{MaxIdleConnsPerHost: connections}
	var s samples
	check(json.Unmarshal([]byte(os.Getenv("SAMPLES")), &s))
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/health/ready", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	answer(e, "/echo/default", nothing, s.Default)
	answer(e, "/echo/minimal", nothing, s.Minimal)
	answer(e, "/check", f.check, s.Default)
	answer(e, "/sign-in", f.signIn, s.SignIn)
	answer(e, "/register", f.register, s.Register)
	context.AfterFunc(ctx, func() { e.Close() })
	e.Start(os.Getenv("ADDR"))
}

// answer binds the params, calls do, and answers.
func answer[P any](e *echo.Echo, path string, do func(context.Context, *P) error, answer any) {
	e.POST(path, func(c echo.Context) error {
		var params P
		if err := c.Bind(&params); err != nil {
			return err
		}
		if err := do(c.Request().Context(), &params); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer)
	})
}

func nothing(context.Context, *gen.SessionsReadParams) error { return nil }

func (f *floor) check(ctx context.Context, p *gen.SessionsReadParams) error {
	digest := sha256.Sum256([]byte(p.SessionToken))
	session, err := f.SessionByToken(ctx, digest[:])
	if err == nil && session == nil {
		err = pgx.ErrNoRows
	}
	return err
}

func (f *floor) signIn(ctx context.Context, p *gen.SessionsCreateParams) error {
	now := time.Now()
	key := sha256.Sum256([]byte(p.Email))
	found, err := f.AccountByEmail(ctx, p.Email, "127.0.0.1", now.Add(-time.Hour), key[:])
	if err != nil || found.User == nil {
		return fmt.Errorf("no user: %w", err)
	}
	var id int64
	return f.Pool.QueryRow(ctx, insertSession, found.User.ID, randomDigest(), now, key[:], now.Add(-time.Hour), now.Add(-24*time.Hour)).Scan(&id)
}

func (f *floor) register(ctx context.Context, p *gen.ClientsRegisterParams) error {
	now, mail := time.Now(), int64(0)
	err := pgx.BeginFunc(ctx, f.Pool, func(tx pgx.Tx) error {
		var user, id int64
		for _, insert := range []struct {
			made      *int64
			statement string
			values    func() []any
		}{
			{&user, insertUser, func() []any { return []any{p.Client.Email, p.Client.FirstName, p.Client.LastName, now} }},
			{&id, insertClient, func() []any { return []any{user, now} }},
			{&id, insertSession, func() []any { return []any{user, randomDigest(), now, nil, now, now} }},
			{&id, insertLink, func() []any { return []any{user, randomDigest(), now} }},
			{&mail, insertMail, func() []any { return []any{p.Client.Email, mailText, now} }},
			{&id, insertJob, func() []any { return []any{fmt.Appendf(nil, `{"mail":%d}`, mail), now.Add(time.Minute)} }},
		} {
			if err := tx.QueryRow(ctx, insert.statement, insert.values()...).Scan(insert.made); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"text": mailText, "html": mailText})
	if err != nil {
		return err
	}
	res, err := f.mails.Post(f.mandrill, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	_, err = f.Pool.Exec(ctx, "UPDATE mails SET sent_at = $1, failed_at = NULL, text_body = '', html_body = '' WHERE id = $2", now, mail)
	return err
}

var mailText = strings.Repeat("mail ", 200)

func randomDigest() []byte {
	digest := make([]byte, sha256.Size)
	rand.Read(digest)
	return digest
}

// The statements of the server's operations, with their values as params. Where they part from the server's,
// the number of statements in the table tells.
const (
	insertSession = `
WITH made AS (
	INSERT INTO sessions (user_id, application_id, token_digest, method, redirect_url, ip, user_agent, created_at, last_used_at)
	SELECT u.id, 2, $2, 'password', '', '127.0.0.1', 'fasthttp', $3::timestamptz, $3::timestamptz FROM users u
	WHERE u.id = $1 AND (SELECT count(*) FROM tries, unnest(times) AS x WHERE key = $4 AND x > $5) < 30
	FOR KEY SHARE OF u
	RETURNING id, user_id
), ended AS (DELETE FROM sessions USING made WHERE sessions.id = 0),
known AS (
	INSERT INTO known_addresses AS k (user_id, address, signed_in_at)
	SELECT made.user_id, '127.0.0.1', $3::timestamptz FROM made
	WHERE NOT EXISTS (SELECT FROM known_addresses WHERE user_id = $1 AND address = '127.0.0.1' AND signed_in_at > $6)
	ON CONFLICT (user_id, address) DO UPDATE SET signed_in_at = greatest(k.signed_in_at, excluded.signed_in_at)
)
SELECT id FROM made`
	insertUser = `INSERT INTO users (email, first_name, last_name, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (lower(email)) DO NOTHING RETURNING id`
	insertClient = "INSERT INTO clients (user_id, active, created_at) VALUES ($1, true, $2) RETURNING id"
	insertLink   = `INSERT INTO links (kind, user_id, application_id, token_digest, created_at) VALUES ('verification', $1, 2, $2, $3)
ON CONFLICT ON CONSTRAINT links_user_kind_key DO UPDATE SET token_digest = excluded.token_digest, created_at = excluded.created_at RETURNING id`
	insertMail = "INSERT INTO mails (kind, to_email, subject, text_body, html_body, created_at) VALUES ('welcome', $1, 'Welcome', $2, $2, $3) RETURNING id"
	insertJob  = "INSERT INTO river_job (kind, args, max_attempts, state, scheduled_at) VALUES ('send_mail', $1, 100, 'scheduled', $2) RETURNING id"
)

// hashBare compares a password with a hash on every core for a while, and prints how often in how many
// seconds.
func hashBare() {
	limit, err := time.ParseDuration(os.Getenv("FOR"))
	check(err)
	var n atomic.Int64
	var working sync.WaitGroup
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for time.Since(began) < limit {
				argon2id.ComparePasswordAndHash(password, os.Getenv("HASH"))
				n.Add(1)
			}
		})
	}
	working.Wait()
	fmt.Println(n.Load(), time.Since(began).Seconds())
}
