package admin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// Deployed says how a deploy has changed the registry, in numbers of rows.
type Deployed struct{ ServicesAdded, RoutesAdded, Removed int64 }

// Changed reports whether the registry did not match the spec.
func (d Deployed) Changed() bool { return d != Deployed{} }

// Deploy makes the registry match the spec: it inserts missing services and routes as deployed now, and
// deletes those that the spec no longer has. It never changes deployed_at of an existing row. It returns the errors of
// db.CheckSchema.
func Deploy(ctx context.Context, d *db.DB, now time.Time) error {
	_, err := deploy(ctx, d, now, func(context.Context, bun.Tx) error { return nil })
	return err
}

// DeployByCommand is Deploy for the verb of the command, with an audit event if anything changes.
func DeployByCommand(ctx context.Context, d *db.DB, now time.Time) (Deployed, error) {
	return deploy(ctx, d, now, func(ctx context.Context, tx bun.Tx) error {
		return record(ctx, tx, now, db.AuditEvent{Operation: "deploy", Changed: []string{}})
	})
}

// deploy calls changed in the transaction, if anything changes.
func deploy(ctx context.Context, d *db.DB, now time.Time, changed func(context.Context, bun.Tx) error) (done Deployed, _ error) {
	if err := db.CheckSchema(ctx, d); err != nil {
		return done, err
	}
	err := d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "LOCK TABLE services, routes IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		var services, routes []string
		for _, op := range gen.Operations {
			if err := done.deployOperation(ctx, tx, op, now); err != nil {
				return err
			}
			services, routes = append(services, op.Service), append(routes, op.Method+" "+op.Path)
		}
		if err := done.remove(ctx, tx, (*db.Route)(nil), "method || ' ' || path NOT IN ?", routes); err != nil {
			return err
		}
		if err := done.remove(ctx, tx, (*db.Service)(nil), "slug NOT IN ?", services); err != nil {
			return err
		}
		if !done.Changed() {
			return nil
		}
		return changed(ctx, tx)
	})
	return done, err
}

// deployOperation inserts an operation's service and route where they are missing. A route moves to the
// service that the spec names now.
func (d *Deployed) deployOperation(ctx context.Context, tx bun.Tx, op *gen.Operation, now time.Time) error {
	insert := tx.NewRaw("INSERT INTO services (slug, deployed_at) VALUES (?, ?) ON CONFLICT (slug) DO NOTHING", op.Service, now)
	added, err := db.ChangedOne(insert.Exec(ctx))
	if err != nil {
		return err
	}
	if added {
		d.ServicesAdded++
	}
	added, err = db.ChangedOne(tx.NewRaw(`
INSERT INTO routes (service_id, method, path, deployed_at) SELECT id, ?, ?, ? FROM services WHERE slug = ?
ON CONFLICT (method, path) DO UPDATE SET service_id = excluded.service_id WHERE routes.service_id <> excluded.service_id`,
		op.Method, op.Path, now, op.Service).Exec(ctx))
	if added {
		d.RoutesAdded++
	}
	return err
}

// remove deletes the rows of a table for which the condition on a list of texts holds.
func (d *Deployed) remove(ctx context.Context, tx bun.Tx, model any, condition string, texts []string) error {
	result, err := tx.NewDelete().Model(model).Where(condition, bun.Tuple(texts)).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	d.Removed += n
	return err
}
