package db

import (
	"context"
	"fmt"
)

// TablePages returns the size of a table in pages.
func (d *DB) TablePages(ctx context.Context, table string) (pages int64, _ error) {
	err := d.NewRaw("SELECT pg_relation_size(?::regclass) / current_setting('block_size')::bigint", table).Scan(ctx, &pages)
	return pages, err
}

// DeletePages deletes the rows that a condition with $1, $2 selects, in the pages of a table from first up to end, without end.
// It returns how many. It needs no index, and skips rows that are locked.
//
// With pgx, since bun's placeholders would clash with the condition's.
func (d *DB) DeletePages(ctx context.Context, table, condition string, first, end int64, args ...any) (int64, error) {
	result, err := d.Pool.Exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
SELECT ctid FROM %[1]s WHERE ctid >= '(%[3]d,0)' AND ctid < '(%[4]d,0)' AND %[2]s FOR UPDATE SKIP LOCKED))`,
		table, condition, first, end), args...)
	return result.RowsAffected(), err
}
