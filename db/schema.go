package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/uptrace/bun"
)

// Errors of CheckSchema.
var (
	ErrSchemaBehind = errors.New("the schema of the database is behind this version: run `planoauth migrate` and `planoauth deploy`")
	ErrSchemaNewer  = errors.New("the schema of the database is newer and no longer serves this version: run a newer version")
)

// migration is a file of migrations/. A server has the number of its newest migration.
type migration struct {
	number       int64
	oldestServer int64 // the oldest server that keeps working on the new schema; 0 if no line says so
}

var oldestServer = regexp.MustCompile(`(?m)^-- oldest server: (\d+)$`)

// readMigrations returns the migrations of a directory, the newest last.
func readMigrations(files fs.FS) (known []migration, _ error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		m := migration{}
		if m.number, err = goose.NumericComponent(name); err != nil {
			return nil, err
		}
		if line := oldestServer.FindSubmatch(text); line != nil {
			if m.oldestServer, err = strconv.ParseInt(string(line[1]), 10, 64); err != nil {
				return nil, err
			}
		}
		known = append(known, m)
	}
	return known, nil
}

// CheckSchema returns ErrSchemaBehind if a migration is pending, and ErrSchemaNewer if a newer server has
// applied one that does not say that it keeps serving this server.
func CheckSchema(ctx context.Context, idb bun.IDB) error {
	files, err := migrationFiles()
	if err != nil {
		return err
	}
	known, err := readMigrations(files)
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, idb)
	if err != nil {
		return err
	}
	return compareSchema(known, applied)
}

func appliedMigrations(ctx context.Context, idb bun.IDB) (map[int64]int64, error) {
	const undefinedTable = "42P01"
	rows, err := idb.QueryContext(ctx, "SELECT version_id, coalesce(oldest_server, 0) FROM "+migrationTableName+" WHERE is_applied")
	if sqlState(err) == undefinedTable {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	applied := map[int64]int64{}
	for rows.Next() {
		var number, oldest int64
		if err := rows.Scan(&number, &oldest); err != nil {
			return nil, err
		}
		applied[number] = oldest
	}
	return applied, rows.Err()
}

// compareSchema compares the migrations that this server knows with those of the database: the oldest server
// that each serves, by its number.
func compareSchema(known []migration, applied map[int64]int64) error {
	ours := known[len(known)-1].number
	for _, m := range known {
		if _, ok := applied[m.number]; !ok {
			return ErrSchemaBehind
		}
	}
	for number, oldest := range applied {
		if number > ours && (oldest == 0 || oldest > ours) {
			return ErrSchemaNewer
		}
	}
	return nil
}

// migrationTableName is the table of applied migrations. goose's own name would be that of other programs too.
const migrationTableName = "planoauth_migrations"

// migrationTable is goose's table of applied migrations, with a column for the oldest server.
type migrationTable struct {
	database.Store
	known []migration
}

func newMigrationTable(known []migration) *migrationTable {
	store, err := database.NewStore(database.DialectPostgres, migrationTableName)
	if err != nil {
		panic(err) // only an unknown dialect or no name is an error
	}
	return &migrationTable{store, known}
}

// Insert records a migration as applied.
func (t *migrationTable) Insert(ctx context.Context, db database.DBTxConn, request database.InsertRequest) error {
	var oldest *int64
	for _, m := range t.known {
		if m.number == request.Version && m.oldestServer != 0 {
			oldest = &m.oldestServer
		}
	}
	_, err := db.ExecContext(ctx,
		"INSERT INTO "+migrationTableName+" (version_id, is_applied, oldest_server) VALUES ($1, true, $2)", request.Version, oldest)
	return err
}

// earlier are the migrations that servers recorded in goose_db_version, each with something that it made. What
// another program recorded there says nothing about our tables.
var earlier = []struct {
	number int64
	made   string
}{
	{1, "to_regprocedure('notify_registry()')"},
	{2, "to_regclass('application_tokens')"},
	{3, "to_regprocedure('notify_users()')"},
}

// createMigrationTable creates the table unless it exists, and records the earlier migrations in it. It leaves
// goose_db_version alone: the previous release may still be started.
func createMigrationTable(ctx context.Context, pool *sql.DB) error {
	var exists bool
	if err := pool.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", migrationTableName).Scan(&exists); err != nil || exists {
		return err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	statements := []string{"CREATE TABLE " + migrationTableName + ` (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	version_id bigint NOT NULL,
	is_applied boolean NOT NULL,
	oldest_server bigint,
	tstamp timestamptz NOT NULL DEFAULT now()
)`, "INSERT INTO " + migrationTableName + " (version_id, is_applied) VALUES (0, true)"} // 0 tells goose that the table exists
	for _, m := range earlier {
		statements = append(statements, fmt.Sprintf("INSERT INTO %s (version_id, is_applied) SELECT %d, true WHERE %s IS NOT NULL",
			migrationTableName, m.number, m.made))
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
