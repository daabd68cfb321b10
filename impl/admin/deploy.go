package admin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// Deploy makes the registry match the spec: it inserts missing services and routes as deployed now, and
// deletes those that the spec no longer has. It never changes deployed_at of an existing row.
func Deploy(ctx context.Context, d *db.DB, now time.Time) error {
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "LOCK TABLE services, routes IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		var services, routes []string
		for _, op := range gen.Operations {
			if err := deployOperation(ctx, tx, op, now); err != nil {
				return err
			}
			services, routes = append(services, op.Service), append(routes, op.Method+" "+op.Path)
		}
		if _, err := tx.NewDelete().Model((*db.Route)(nil)).Where("method || ' ' || path NOT IN ?", bun.Tuple(routes)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model((*db.Service)(nil)).Where("slug NOT IN ?", bun.Tuple(services)).Exec(ctx)
		return err
	})
}

// deployOperation inserts an operation's service and route where they are missing. A route moves to the
// service that the spec names now.
func deployOperation(ctx context.Context, tx bun.Tx, op *gen.Operation, now time.Time) error {
	_, err := tx.NewRaw("INSERT INTO services (slug, deployed_at) VALUES (?, ?) ON CONFLICT (slug) DO NOTHING", op.Service, now).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw(`
INSERT INTO routes (service_id, method, path, deployed_at) SELECT id, ?, ?, ? FROM services WHERE slug = ?
ON CONFLICT (method, path) DO UPDATE SET service_id = excluded.service_id WHERE routes.service_id <> excluded.service_id`,
		op.Method, op.Path, now, op.Service).Exec(ctx)
	return err
}
