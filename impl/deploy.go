package impl

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// Deploy inserts the services and routes of the spec that are missing, as deployed, and deletes those that the spec no
// longer has. It never touches deployed_at of a row that is there.
func Deploy(ctx context.Context, d *db.DB, now time.Time) error {
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "LOCK TABLE services, routes IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		services := map[string]bool{}
		for _, op := range gen.Operations {
			services[op.Service] = true
		}
		for _, slug := range slices.Sorted(maps.Keys(services)) {
			service := &db.Service{Slug: slug, DeployedAt: now}
			// NULL keeps bun from asking for the id, which a row that is there already would not give.
			if _, err := tx.NewInsert().Model(service).On("CONFLICT (slug) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
				return err
			}
		}
		return deployRoutes(ctx, tx, now)
	})
}

func deployRoutes(ctx context.Context, tx bun.Tx, now time.Time) error {
	var paths, services []string
	for _, op := range gen.Operations {
		_, err := tx.NewRaw(`
INSERT INTO routes (service_id, method, path, deployed_at) SELECT id, ?, ?, ? FROM services WHERE slug = ?
ON CONFLICT (method, path) DO UPDATE SET service_id = excluded.service_id WHERE routes.service_id <> excluded.service_id`,
			op.Method, op.Path, now, op.Service).Exec(ctx)
		if err != nil {
			return err
		}
		paths, services = append(paths, op.Method+" "+op.Path), append(services, op.Service)
	}
	if _, err := tx.NewDelete().Model((*db.Route)(nil)).Where("method || ' ' || path NOT IN ?", bun.Tuple(paths)).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*db.Service)(nil)).Where("slug NOT IN ?", bun.Tuple(services)).Exec(ctx)
	return err
}
