package impl

import (
	"context"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

var routes = listing[db.Route]{
	search:  map[string]string{"path": "search_text(?TableAlias.path)"},
	filters: map[string]string{"undeployed": "?TableAlias.deployed_at IS NULL"},
	sorts: map[string]sorting[db.Route]{
		"path": {"?TableAlias.path", func(r *db.Route) any { return r.Path }},
	},
	sort:      "path",
	ascending: true,
	id:        func(r *db.Route) int64 { return r.ID },
}

// RoutesIndex lists the routes.
func (s *Server) RoutesIndex(ctx context.Context, req gen.RoutesIndexRequestObject) (gen.RoutesIndexResponseObject, error) {
	found, refusal, err := list(s, callOf(ctx), &routes, func(q *bun.SelectQuery) { q.Relation("Service") })
	if refusal != nil || err != nil {
		return refusal, err
	}
	return gen.RoutesIndexActionSuccessful{Data: gen.RouteList{
		Results: views(found, req.Body.View, RouteView), Next: found.next, Count: found.count, CountEstimated: found.estimated,
	}}, nil
}

// RoutesUpdate deploys or undeploys a route.
func (s *Server) RoutesUpdate(ctx context.Context, req gen.RoutesUpdateRequestObject) (gen.RoutesUpdateResponseObject, error) {
	c, p := callOf(ctx), req.Body
	route := db.Route{ID: p.ID}
	err := s.change(c, func(ctx context.Context, tx bun.Tx) error {
		found, err := db.FindForUpdate(ctx, tx, &route)
		switch {
		case err != nil:
			return err
		case !found:
			return errGone
		}
		route.Service = &db.Service{ID: route.ServiceID}
		if _, err := db.Find(ctx, tx, route.Service); err != nil { // a foreign key holds it
			return err
		}
		if !p.Deployed && slices.Contains(administration, route.Service.Slug) {
			return errNeeded
		}
		route.DeployedAt = deployedAt(route.DeployedAt, p.Deployed, c.now)
		return db.Update(ctx, tx, &route, "deployed_at")
	})
	switch {
	case errors.Is(err, errGone):
		return gen.InvalidParam{Errors: noSuchRoute}, nil
	case errors.Is(err, errNeeded):
		return gen.InvalidParam{Errors: stillNeeded}, nil
	case err != nil:
		return nil, err
	}
	return gen.RoutesUpdateActionSuccessful{Data: RouteView(p.View, &route)}, nil
}

var noSuchRoute = []gen.ParamError{paramError("id", gen.Exists, "there is no such route")}

// RouteView selects the fields of a route whose service was read. A newer server may have deployed operations that
// this one does not know.
func RouteView(view gen.View, r *db.Route) gen.ServiceRoute {
	shown := gen.ServiceRoute{ID: r.ID, Method: r.Method, Path: r.Path}
	if view == gen.Minimal {
		return shown
	}
	shown.Service, shown.Deployed, shown.DeployedAt = r.Service.Slug, new(!r.DeployedAt.IsZero()), timeText(r.DeployedAt)
	at := slices.IndexFunc(gen.Operations, func(op *gen.Operation) bool { return op.Method == r.Method && op.Path == r.Path })
	if at >= 0 {
		shown.Operation = string(gen.Operations[at].ID)
	}
	return shown
}
