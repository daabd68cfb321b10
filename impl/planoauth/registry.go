package main

import (
	"context"
	"strconv"
	"time"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl"
	"github.com/planoauth/planoauth/impl/admin"
)

type service struct {
	List serviceList `cmd:"" help:"List the services."`
	Set  serviceSet  `cmd:"" help:"Deploy or undeploy a service with its operations. Running servers apply it within a second."`
}

type route struct {
	List routeList `cmd:"" help:"List the routes."`
	Set  routeSet  `cmd:"" help:"Deploy or undeploy a route. Running servers apply it within a second."`
}

// deployed is the flag of the verbs that deploy and undeploy.
type deployed struct {
	Deployed *bool `negatable:"" help:"Whether it is deployed. The command deploy does not change that."`
}

type serviceList struct {
	database
	listing
}

// Run prints the services by slug.
func (l *serviceList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		services, err := admin.ListServices(ctx, d)
		if err != nil {
			return err
		}
		items, rows := make([]gen.Service, len(services)), make([][]string, len(services))
		for i := range services {
			s := &services[i]
			items[i] = impl.ServiceView(gen.Default, s)
			rows[i] = []string{strconv.FormatInt(s.ID, 10), s.Slug, yes(!s.DeployedAt.IsZero()), dateText(s.DeployedAt)}
		}
		return l.print(items, []string{"ID", "SLUG", "DEPLOYED", "SINCE"}, rows)
	})
}

type serviceSet struct {
	database
	Slug string `arg:"" help:"The slug of the service."`
	deployed
}

// Run deploys or undeploys the service.
func (s *serviceSet) Run(ctx context.Context) error {
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.SetService(ctx, d, s.Slug, s.Deployed, time.Now())
	})
}

type routeList struct {
	database
	listing
	Undeployed bool `help:"Only those that are not deployed."`
}

// Run prints the routes by path.
func (l *routeList) Run(ctx context.Context) error {
	return l.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		routes, err := admin.ListRoutes(ctx, d, l.Undeployed)
		if err != nil {
			return err
		}
		items, rows := make([]gen.ServiceRoute, len(routes)), make([][]string, len(routes))
		for i := range routes {
			r := &routes[i]
			items[i] = impl.RouteView(gen.Default, r)
			rows[i] = []string{
				strconv.FormatInt(r.ID, 10), r.Method, r.Path, r.Service.Slug, yes(!r.DeployedAt.IsZero()), dateText(r.DeployedAt),
			}
		}
		return l.print(items, []string{"ID", "METHOD", "PATH", "SERVICE", "DEPLOYED", "SINCE"}, rows)
	})
}

type routeSet struct {
	database
	Path string `arg:"" help:"The path of the route, such as /api/v1/sessions/read."`
	deployed
}

// Run deploys or undeploys the route.
func (s *routeSet) Run(ctx context.Context) error {
	return s.withPrepared(ctx, func(ctx context.Context, d *db.DB) error {
		return admin.SetRoute(ctx, d, s.Path, s.Deployed, time.Now())
	})
}
