package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// DigestColumn is a column of token digests.
type DigestColumn struct{ table, column string }

// The columns of digests that a request can look up without a limit of its address.
var (
	SessionDigests     = DigestColumn{"sessions", "token_digest"}
	LinkDigests        = DigestColumn{"links", "token_digest"}
	GoogleStateDigests = DigestColumn{"google_states", "state_digest"}
)

// EstimateRows returns about how many rows the table has, or less than 1 if that is not known.
func (d *DB) EstimateRows(ctx context.Context, of DigestColumn) (rows int64, err error) {
	err = d.Pool.QueryRow(ctx, "SELECT reltuples::bigint FROM pg_class WHERE oid = $1::text::regclass", of.table).Scan(&rows)
	return rows, err
}

// EachDigest calls do with the digests of all rows whose id is greater than after, and returns the greatest id.
func (d *DB) EachDigest(ctx context.Context, of DigestColumn, after int64, do func(digest []byte)) (last int64, _ error) {
	rows, err := d.Pool.Query(ctx, "SELECT id, "+of.column+" FROM "+of.table+" WHERE id > $1", after)
	if err != nil {
		return after, err
	}
	last = after
	var id int64
	var digest pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &digest}, func() error {
		last = max(last, id)
		do(digest)
		return nil
	})
	return last, err
}
