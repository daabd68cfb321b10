package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
)

// ListServices returns all services in the order of their slugs.
func ListServices(ctx context.Context, d *db.DB) (services []db.Service, _ error) {
	err := d.NewSelect().Model(&services).Order("slug").Scan(ctx)
	return services, err
}

// ListRoutes returns all routes with their services, in the order of their paths; with undeployed only those that are
// not deployed.
func ListRoutes(ctx context.Context, d *db.DB, undeployed bool) (routes []db.Route, _ error) {
	query := d.NewSelect().Model(&routes).Relation("Service").OrderExpr("?TableAlias.path, ?TableAlias.method")
	if undeployed {
		query.Where("?TableAlias.deployed_at IS NULL")
	}
	err := query.Scan(ctx)
	return routes, err
}

// SetService deploys or undeploys a service, also one that administration needs.
func SetService(ctx context.Context, d *db.DB, slug string, deployed *bool, now time.Time) error {
	return setDeployed(ctx, d, "service", "slug", slug, deployed, now)
}

// SetRoute deploys or undeploys the route of a path, also one that administration needs.
func SetRoute(ctx context.Context, d *db.DB, path string, deployed *bool, now time.Time) error {
	return setDeployed(ctx, d, "route", "path", path, deployed, now)
}

// setDeployed deploys or undeploys the service or route with a value in a column. What is deployed keeps its time.
func setDeployed(ctx context.Context, d *db.DB, kind, column, value string, deployed *bool, now time.Time) error {
	if deployed == nil {
		return errors.New("pass --deployed or --no-deployed")
	}
	return change(ctx, d, kind+" set", now, func(ctx context.Context, tx bun.Tx, event *db.AuditEvent) error {
		event.Changed = []string{"deployed"}
		result, err := tx.NewUpdate().Table(kind+"s").Set("deployed_at = CASE WHEN ? THEN coalesce(deployed_at, ?) END", *deployed, now).
			Where("? = ?", bun.Ident(column), value).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return fmt.Errorf("there is no %s %q", kind, value)
	})
}
