package db

import (
	"context"
	"errors"

	"github.com/uptrace/bun"
)

// Errors of CheckWritable.
var (
	ErrReadOnly = errors.New("the database is read-only")
	ErrDiskFull = errors.New("the disk of the database is full")
)

// spill makes Postgres write half a megabyte to a temporary file, which fails on a full disk.
const spill = "SELECT count(*) FROM generate_series(1, 20000)"

// CheckWritable returns ErrReadOnly or ErrDiskFull if nothing can be written, as far as that can be told
// without leaving anything behind.
func (d *DB) CheckWritable(ctx context.Context) error {
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var readOnly, memory string
		var allowed bool
		err := tx.NewRaw(`SELECT current_setting('transaction_read_only'), has_table_privilege('sessions', 'INSERT'),
			set_config('work_mem', '64kB', true)`).
			Scan(ctx, &readOnly, &allowed, &memory)
		if err != nil {
			return err
		}
		if readOnly == "on" || !allowed {
			return ErrReadOnly
		}
		const diskFull = "53100"
		if _, err = tx.ExecContext(ctx, spill); sqlState(err) == diskFull {
			return ErrDiskFull
		}
		return err
	})
}
