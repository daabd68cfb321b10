package impl

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// changedOne tells whether a statement that may change one row did.
func changedOne(done sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// violates tells whether a statement failed because of this constraint, such as a row that it refers to and that was deleted
// meanwhile.
func violates(err error, constraint string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.ConstraintName == constraint
}

// errTaken rolls a transaction back because the row that it is about is there already.
var errTaken = errors.New("there is such a row already")

// insertNew runs an insert that does nothing on a conflict, which is errTaken then.
func insertNew(ctx context.Context, insert *bun.InsertQuery) error {
	inserted, err := changedOne(insert.Returning("id").Exec(ctx))
	if err == nil && !inserted {
		return errTaken
	}
	return err
}
