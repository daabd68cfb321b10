package impl

import (
	"context"
	"crypto/sha256"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/background"
	"github.com/planoauth/planoauth/impl/formats"
)

const (
	// registryPoll is how often the registry is read even when no change was heard of.
	registryPoll = 500 * time.Millisecond
	// registryTimeout is how long one reading may take.
	registryTimeout = 5 * time.Second
	// registryLife is how long a copy serves while the registry cannot be read.
	registryLife = 60 * time.Second
)

// registry is a copy of the tables services, routes, applications and application_tokens. It is never changed, only replaced.
type registry struct {
	readAt   time.Time
	services map[string]bool // by slug: whether deployed
	routes   map[route]bool  // whether deployed

	appsBySlug  map[string]*db.Application
	appsByID    map[int64]*db.Application
	appsByToken map[[32]byte]*db.Application // by the digest of an application's token
	origins     map[string]bool              // the redirect origins of all applications
}

type route struct{ method, path string }

// registryCopy holds the newest copy.
type registryCopy struct {
	newest  atomic.Pointer[registry]
	reading singleflight.Group
	changed chan struct{} // holds one element when the tables have changed since they were last read
}

// hasChanged has the tables read again. It does not wait for that.
func (r *registryCopy) hasChanged() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *registryCopy) allowsOrigin(origin string) bool {
	newest := r.newest.Load()
	return newest != nil && newest.origins[origin]
}

// identify is step 2: the operation's service and its own route must be deployed.
func (s *Server) identify(c *call) (gen.Outcome, error) {
	c.registry = s.registry.newest.Load()
	if c.registry == nil || c.now.Sub(c.registry.readAt) > registryLife {
		var err error
		if c.registry, err = s.readRegistry(c.context()); err != nil {
			s.Log.Error("the registry cannot be read", "request_id", c.id, "cause", err.Error())
			return gen.IdentifyRequestError{}, nil
		}
	}
	if !c.registry.services[c.op.Service] {
		return gen.ServiceNotFound{}, nil
	}
	if !c.registry.routes[route{c.op.Method, c.op.Path}] {
		return gen.RouteNotFound{}, nil
	}
	return nil, nil
}

// followRegistry reads the tables when they have changed, and at each registryPoll, until ctx ends.
func (s *Server) followRegistry(ctx context.Context) {
	background.Every(ctx, registryPoll, s.registry.changed, func(ctx context.Context) {
		if _, err := s.readRegistry(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("reading the registry failed", "cause", err.Error())
		}
	})
}

// readRegistry reads the tables and replaces the copy. Callers at the same time share one reading.
func (s *Server) readRegistry(ctx context.Context) (*registry, error) {
	read, err, _ := s.registry.reading.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), registryTimeout)
		defer cancel()
		r := &registry{readAt: s.Now()}
		if err := r.readDeployed(ctx, s.DB); err != nil {
			return nil, err
		}
		if err := r.readApplications(ctx, s.DB, s.Settings.PublicURL); err != nil {
			return nil, err
		}
		s.registry.newest.Store(r)
		return r, nil
	})
	if err != nil {
		return nil, err
	}
	return read.(*registry), nil
}

func (r *registry) readDeployed(ctx context.Context, d *db.DB) error {
	var services []db.Service
	if err := d.NewSelect().Model(&services).Scan(ctx); err != nil {
		return err
	}
	var routes []db.Route
	if err := d.NewSelect().Model(&routes).Scan(ctx); err != nil {
		return err
	}
	r.services, r.routes = make(map[string]bool, len(services)), make(map[route]bool, len(routes))
	for _, service := range services {
		r.services[service.Slug] = !service.DeployedAt.IsZero()
	}
	for _, row := range routes {
		r.routes[route{row.Method, row.Path}] = !row.DeployedAt.IsZero()
	}
	return nil
}

func (r *registry) readApplications(ctx context.Context, d *db.DB, publicURL string) error {
	var applications []*db.Application
	if err := d.NewSelect().Model(&applications).Scan(ctx); err != nil {
		return err
	}
	r.appsBySlug, r.appsByID, r.origins = map[string]*db.Application{}, map[int64]*db.Application{}, map[string]bool{}
	for _, app := range applications {
		if app.Slug == "planoauth" {
			app.URL = publicURL
		}
		app.RedirectOrigins = formats.Origins(append(app.RedirectOrigins, app.URL))
		r.appsBySlug[app.Slug], r.appsByID[app.ID] = app, app
		for _, origin := range app.RedirectOrigins {
			r.origins[origin] = true
		}
	}
	var tokens []db.ApplicationToken
	if err := d.NewSelect().Model(&tokens).Column("application_id", "token_digest").Scan(ctx); err != nil {
		return err
	}
	r.appsByToken = make(map[[32]byte]*db.Application, len(tokens))
	for _, token := range tokens {
		// An application that was made between the two readings is not here yet; the next copy has it.
		if app := r.appsByID[token.ApplicationID]; app != nil && len(token.TokenDigest) == sha256.Size {
			r.appsByToken[[32]byte(token.TokenDigest)] = app
		}
	}
	return nil
}
