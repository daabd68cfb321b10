package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/impl/admin"
)

const (
	password = "analytical engine 1843" // of all users
	product  = "planoorder"             // whose sessions are checked
	// presentable is how many sessions of a database have a token that is known here: more than the server
	// keeps.
	presentable = 100_000
	active      = 1000 // users who sign in, and sessions that are seen again
)

// The costs of a password hash.
var (
	cheapest = argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	costly   = argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32} // the default
)

// data is a database with this many users, each a client with one session.
type data struct {
	*db.DB
	name    string
	users   int
	cost    argon2id.Params
	product string   // the product's token
	tokens  []string // of sessions that are spread evenly over the table
}

// fill makes a database, as it is after a while of use: analyzed, and on the disk.
func (b *bench) fill(ctx context.Context, name string, users int, cost argon2id.Params) *data {
	note(fmt.Sprintf("filling the database %s with %d users and sessions", name, users))
	_, err := b.admin.Exec(ctx, "CREATE DATABASE "+name)
	check(err)
	config, err := db.ParseURL(b.urlOf(name))
	check(err)
	d := &data{name: name, users: users, cost: cost}
	d.DB, err = db.Open(ctx, config)
	check(err)
	check(db.Migrate(ctx, d.DB))
	check(admin.Deploy(ctx, d.DB, time.Now()))
	d.product, _, err = admin.AddToken(ctx, d.DB, product, time.Now())
	check(err)
	hash, err := argon2id.CreateHash(password, &cost)
	check(err)
	check(d.Pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return d.insert(ctx, conn, hash) }))
	return d
}

// settings are the settings of a server whose hashes cost as much as those of the users.
func (d *data) settings() []string {
	return []string{fmt.Sprint("ARGON2_MEMORY=", d.cost.Memory), fmt.Sprint("ARGON2_TIME=", d.cost.Iterations)}
}

// insert fills the tables with their indexes, but without triggers.
func (d *data) insert(ctx context.Context, conn *pgxpool.Conn, hash string) error {
	statements := []string{
		"SET session_replication_role = replica",
		fmt.Sprintf(`INSERT INTO users (email, email_verified_at, password_hash, first_name, last_name)
SELECT 'user' || i || '@example.com', now(), '%s', 'Ada', 'Lovelace' FROM generate_series(1, %d) AS i`, hash, d.users),
		"INSERT INTO clients (user_id) SELECT id FROM users",
		// The bench's address is a known one of every user.
		"INSERT INTO known_addresses (user_id, address, signed_in_at) SELECT id, '127.0.0.1', now() FROM users",
		`INSERT INTO sessions (user_id, application_id, token_digest, method, ip, user_agent, created_at, last_used_at)
SELECT u.id, a.id, coalesce(m.digest, sha256(u.id::text::bytea)), 'password', '192.0.2.1', 'bench', now(), now()
FROM users u CROSS JOIN applications a LEFT JOIN minted m ON m.owner = u.id WHERE a.slug = '` + product + `'`,
		"RESET session_replication_role", "DROP TABLE minted", "VACUUM ANALYZE", "CHECKPOINT",
	}
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE minted (owner bigint PRIMARY KEY, digest bytea)"); err != nil {
		return err
	}
	n := min(d.users, presentable)
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"minted"}, []string{"owner", "digest"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		d.tokens = append(d.tokens, mint())
		digest := sha256.Sum256([]byte(d.tokens[i]))
		return []any{d.owner(i), digest[:]}, nil
	}))
	for _, statement := range statements {
		if err == nil {
			_, err = conn.Exec(ctx, statement)
		}
	}
	return err
}

// owner returns the user of the ith token.
func (d *data) owner(i int) int64 {
	return int64(i)*int64(d.users)/int64(min(d.users, presentable)) + 1
}

// forgetSignIns takes the database back to the size that it was filled to.
func (d *data) forgetSignIns(ctx context.Context) {
	_, err := d.Pool.Exec(ctx, "DELETE FROM sessions WHERE id > $1", d.users)
	check(err)
	_, err = d.Pool.Exec(ctx, "VACUUM sessions")
	check(err)
}

// mint returns a token of a session: 256 random bits and the last 24 of a CRC-32.
func mint() string {
	const prefix = "plas_"
	bits := make([]byte, 32, 36)
	rand.Read(bits)
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(append([]byte(prefix), bits...)))
	return prefix + base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").EncodeToString(append(bits, sum[1:]...))
}

// startMandrill starts a double of Mandrill that accepts every mail at once.
func startMandrill() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `[{"status":"sent"}]`)
	}))
}
