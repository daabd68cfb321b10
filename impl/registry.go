package impl

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/background"
	"github.com/planoauth/planoauth/impl/formats"
	"github.com/planoauth/planoauth/impl/token"
)

const (
	registryInterval = 500 * time.Millisecond // between readings without a notification
	registryTimeout  = 5 * time.Second        // of one reading
	registryMaxAge   = 60 * time.Second       // of a copy, while the database does not answer
)

// registry is a copy of the tables services, routes, applications and application_tokens. It is immutable.
type registry struct {
	readAt   time.Time
	services map[string]bool // whether deployed, by slug
	routes   map[route]bool  // whether deployed

	appsBySlug  map[string]*db.Application
	appsByID    map[int64]*db.Application
	appsByToken map[[32]byte]appToken // by the digest of an application's token
	origins     map[string]bool       // the redirect origins of all applications
	unusable    []unusableOrigin
}

// unusableOrigin is a redirect origin, written by SQL, that no browser can send.
type unusableOrigin struct{ application, origin string }

type route struct{ method, path string }

// registryReader keeps the newest copy of the registry.
type registryReader struct {
	db        *db.DB
	log       *slog.Logger
	now       func() time.Time
	publicURL string // the url of the application planoauth

	newest    atomic.Pointer[registry] // nil until the first reading
	reading   singleflight.Group
	logged    map[unusableOrigin]bool // used by one reading at a time, as is lastUses
	lastUses  map[int64]*lastUse      // by the id of an application's token
	tokenUses *tokenUses
	changed   chan struct{} // has an element if the tables have changed since the last reading
}

func newRegistryReader(d *db.DB, log *slog.Logger, now func() time.Time, publicURL string) *registryReader {
	return &registryReader{
		db: d, log: log, now: now, publicURL: publicURL, tokenUses: newTokenUses(d, log), changed: make(chan struct{}, 1),
	}
}

// hasChanged requests another reading, and does not wait for it.
func (r *registryReader) hasChanged() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// run reads the tables whenever they have changed, and at each registryInterval, until ctx ends.
func (r *registryReader) run(ctx context.Context) {
	background.Every(ctx, registryInterval, r.changed, func(ctx context.Context) {
		if _, err := r.read(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("reading the registry failed", "cause", err.Error())
		}
	})
}

// read reads the tables and replaces the copy. Concurrent callers share one reading.
func (r *registryReader) read(ctx context.Context) (*registry, error) {
	read, err, _ := r.reading.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), registryTimeout)
		defer cancel()
		next := &registry{readAt: r.now()}
		if err := next.readDeployed(ctx, r.db); err != nil {
			return nil, err
		}
		if err := next.readApplications(ctx, r.db, r.publicURL); err != nil {
			return nil, err
		}
		if err := r.readTokens(ctx, next); err != nil {
			return nil, err
		}
		r.logUnusable(next)
		r.newest.Store(next)
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return read.(*registry), nil
}

// logUnusable logs each unusable origin once, until it is changed.
func (r *registryReader) logUnusable(next *registry) {
	logged := map[unusableOrigin]bool{}
	for _, unusable := range next.unusable {
		if !r.logged[unusable] {
			r.log.Warn("a redirect origin must be scheme, host and port, without path and wildcard",
				"application", unusable.application, "origin", unusable.origin)
		}
		logged[unusable] = true
	}
	r.logged = logged
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
		for _, origin := range app.RedirectOrigins {
			if formats.CheckOrigin(origin) != nil {
				r.unusable = append(r.unusable, unusableOrigin{app.Slug, origin})
			}
		}
		app.RedirectOrigins = formats.Origins(append(app.RedirectOrigins, app.URL))
		r.appsBySlug[app.Slug], r.appsByID[app.ID] = app, app
		for _, origin := range app.RedirectOrigins {
			r.origins[origin] = true
		}
	}
	return nil
}

func (r *registryReader) readTokens(ctx context.Context, next *registry) error {
	var tokens []db.ApplicationToken
	if err := r.db.NewSelect().Model(&tokens).Column("id", "application_id", "token_digest").Scan(ctx); err != nil {
		return err
	}
	next.appsByToken = make(map[[32]byte]appToken, len(tokens))
	lastUses := make(map[int64]*lastUse, len(tokens))
	for _, token := range tokens {
		last := r.lastUses[token.ID]
		if last == nil {
			last = &lastUse{id: token.ID, uses: r.tokenUses}
		}
		lastUses[token.ID] = last
		// An application created between the two queries is missing here; the next copy has it.
		if app := next.appsByID[token.ApplicationID]; app != nil && len(token.TokenDigest) == sha256.Size {
			next.appsByToken[[32]byte(token.TokenDigest)] = appToken{app, last}
		}
	}
	r.lastUses = lastUses
	return nil
}

// application returns the application that has a token, nil for other texts. It counts as a use of the token.
func (r *registry) application(text string, now time.Time) *db.Application {
	if !token.HasShape(text, token.Application) {
		return nil
	}
	found := r.appsByToken[token.Digest(text)]
	if found.app != nil {
		found.lastUse.touch(now)
	}
	return found.app
}

// identify is step 2: the operation's service and its own route must be deployed.
func (s *Server) identify(c *call) (gen.Outcome, error) {
	c.registry = s.registry.newest.Load()
	if c.registry == nil || c.now.Sub(c.registry.readAt) > registryMaxAge {
		var err error
		if c.registry, err = s.registry.read(c.context()); err != nil {
			s.Log.Error("reading the registry failed", "request_id", c.id, "cause", err.Error())
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
