package impl

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var services = listing[db.Service]{
	sorts: map[string]sorting[db.Service]{
		"slug": {"?TableAlias.slug", func(s *db.Service) any { return s.Slug }},
	},
	sort:      "slug",
	ascending: true,
	id:        func(s *db.Service) int64 { return s.ID },
}

// ServicesIndex lists the services.
func (s *Server) ServicesIndex(ctx context.Context, req gen.ServicesIndexRequestObject) (gen.ServicesIndexResponseObject, error) {
	c := callOf(ctx)
	found, refusal, err := list(s, c, &services, nil)
	if refusal != nil || err != nil {
		return refusal, err
	}
	shown, err := s.serviceViews(c, req.Body.View, found.rows)
	return gen.ServicesIndexActionSuccessful{Data: gen.ServiceList{
		Results: shown, Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, err
}

// ServicesUpdate deploys or undeploys a service.
func (s *Server) ServicesUpdate(ctx context.Context, req gen.ServicesUpdateRequestObject) (gen.ServicesUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	service := db.Service{ID: p.ID}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		found, err := db.FindForUpdate(ctx, tx, &service)
		switch {
		case err != nil:
			return err
		case !found:
			return errGone
		case !p.Deployed && slices.Contains(administration, service.Slug):
			return errNeeded
		}
		service.DeployedAt = deployedAt(service.DeployedAt, p.Deployed, c.now)
		return db.Update(ctx, tx, &service, "deployed_at")
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchService}, nil
	case errors.Is(err, errNeeded):
		return gen.InvalidParam{Errors: stillNeeded}, nil
	case err != nil:
		return nil, err
	}
	shown, err := s.serviceViews(c, p.View, []db.Service{service})
	if err != nil {
		return nil, err
	}
	return gen.ServicesUpdateActionSuccessful{Data: shown[0]}, nil
}

// administration are the services without which nobody could deploy anything again, except by the command or SQL.
var administration = []string{"sessions", "services", "routes", "employees", "applications"}

var (
	errNeeded     = errors.New("administration needs it")
	stillNeeded   = []gen.ParamError{paramError("deployed", gen.Allowed, "must stay true: administration itself needs it")}
	noSuchService = []gen.ParamError{paramError("id", gen.Exists, "there is no such service")}
)

// deployedAt returns the new deployed_at of a row: what is deployed keeps its own.
func deployedAt(at time.Time, deployed bool, now time.Time) time.Time {
	switch {
	case !deployed:
		return time.Time{}
	case at.IsZero():
		return now
	}
	return at
}

// serviceViews returns what the view shows of services.
func (s *Server) serviceViews(c *call, view gen.View, services []db.Service) ([]gen.Service, error) {
	shown, ids := make([]gen.Service, len(services)), make([]int64, len(services))
	for i := range services {
		shown[i], ids[i] = ServiceView(view, &services[i]), services[i].ID
	}
	if view != gen.Full || len(ids) == 0 {
		return shown, nil
	}
	routes, err := db.CountByID(c.context(), s.DB, "routes", "service_id", ids)
	for i := range shown {
		shown[i].Routes = new(routes[ids[i]])
	}
	return shown, err
}

// ServiceView returns what the views minimal and default show of a service.
func ServiceView(view gen.View, s *db.Service) gen.Service {
	shown := gen.Service{ID: s.ID, Slug: s.Slug}
	if view != gen.Minimal {
		shown.Deployed, shown.DeployedAt = new(!s.DeployedAt.IsZero()), timeText(s.DeployedAt)
	}
	return shown
}
