package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// ErrAlreadyExists is returned when a row with the same unique value exists.
var ErrAlreadyExists = errors.New("the row already exists")

// Violates reports whether a statement failed because of this constraint. A foreign key fails when the row
// that it refers to was deleted after the caller read it.
func Violates(err error, constraint Constraint) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.ConstraintName == string(constraint)
}

// ChangedOne reports whether a statement that changes at most one row did so. It takes both results of Exec.
func ChangedOne(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// InsertNew saves a new row and sets the id of its model. It returns ErrAlreadyExists if the table has a row
// with the same value in a unique column.
func InsertNew(ctx context.Context, idb bun.IDB, model any) error {
	inserted, err := ChangedOne(idb.NewInsert().Model(model).On("CONFLICT DO NOTHING").Returning("id").Exec(ctx))
	if err == nil && !inserted {
		return ErrAlreadyExists
	}
	return err
}

// Insert saves a new row and sets the id of its model.
func Insert(ctx context.Context, idb bun.IDB, model any) error {
	_, err := idb.NewInsert().Model(model).Exec(ctx)
	return err
}

// Update saves these columns of a row.
func Update(ctx context.Context, idb bun.IDB, model any, columns ...string) error {
	_, err := idb.NewUpdate().Model(model).Column(columns...).WherePK().Exec(ctx)
	return err
}

// Find reads the row of a model by its id, and reports whether there is one.
func Find(ctx context.Context, idb bun.IDB, model any) (bool, error) {
	return found(idb.NewSelect().Model(model).WherePK().Scan(ctx))
}

// FindForUpdate is Find. It locks the row until the transaction ends.
func FindForUpdate(ctx context.Context, tx bun.Tx, model any) (bool, error) {
	return found(tx.NewSelect().Model(model).WherePK().For("NO KEY UPDATE").Scan(ctx))
}

func found(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// CountByID counts the rows of a table for each value of a column.
func CountByID(ctx context.Context, idb bun.IDB, table, column string, ids []int64) (map[int64]int64, error) {
	var rows []struct{ ID, Count int64 }
	err := idb.NewSelect().Table(table).ColumnExpr("? AS id, count(*) AS count", bun.Ident(column)).
		Where("? IN (?)", bun.Ident(column), bun.List(ids)).Group(column).Scan(ctx, &rows)
	counts := make(map[int64]int64, len(rows))
	for _, row := range rows {
		counts[row.ID] = row.Count
	}
	return counts, err
}
