// Package impl is PlanoAuth's server: the way of a request, and one file for each resource of openapi.yaml.
package impl

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/riverqueue/river"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/oidc"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/sessioncache"
	"github.com/planoauth/planoauth/impl/validation"
)

// Server answers the operations of openapi.yaml. Its exported fields are set before the first call and never changed after.
type Server struct {
	Settings Settings
	DB       *db.DB
	Mailer   mailer.Mailer
	Log      *slog.Logger
	Now      func() time.Time // the one clock; every rule about time asks it

	Sessions  *sessioncache.Cache // made by New, as is Addresses
	Addresses *ratelimit.Addresses

	validator      *validation.Validator
	mails          mailer.Templates
	passwords      password.Hashing
	registry       registryCopy
	metrics        *metrics
	requestLoggers map[string]slog.Handler // by operation id
	google         *oidc.Client

	jobInserter *river.Client[*sql.Tx] // inserts jobs in bun's transactions
	jobRunner   *river.Client[pgx.Tx]

	passwordLimit, linkLimit ratelimit.Mailbox
	clientAddress            func(*http.Request) string
}

// New makes a server. Start must be called before its handler can identify a request.
func New(settings Settings, d *db.DB, sender mailer.Mailer, log *slog.Logger, now func() time.Time) (*Server, error) {
	if err := settings.check(); err != nil {
		return nil, err
	}
	if settings.MailPause == 0 {
		settings.MailPause = time.Minute
	}
	s := &Server{
		Settings: settings, DB: d, Mailer: sender, Log: log, Now: now,
		passwords: password.Hashing{
			Cost:    password.Cost{Memory: settings.Argon2Memory, Passes: settings.Argon2Time},
			Limiter: password.NewLimiter(settings.hashSlots(), now),
			Log:     log,
		},
		registry:      registryCopy{changed: make(chan struct{}, 1)},
		Addresses:     ratelimit.NewAddresses(settings.ThrottleAddress, d, log, now),
		passwordLimit: ratelimit.Passwords(settings.ThrottlePasswords), linkLimit: ratelimit.Links(settings.ThrottleLinks...),
		clientAddress: clientAddress(settings.TrustedProxies), google: newGoogle(settings),
	}
	s.Sessions = sessioncache.New(sessioncache.Options{
		DB: d, Log: log, Now: now, SessionByToken: d.SessionByToken, Expired: expired, RegistryChanged: s.registry.hasChanged,
	})
	s.metrics, s.requestLoggers = newMetrics(s), requestLoggers(log)
	var err error
	if s.validator, err = validation.New(); err != nil {
		return nil, err
	}
	if s.mails, err = mailer.ParseTemplates(); err != nil {
		return nil, err
	}
	if s.jobInserter, err = newJobInserter(d); err != nil {
		return nil, err
	}
	s.jobRunner, err = newJobRunner(s)
	return s, err
}

// Start reads the registry and begins the background work: invalidations and last-used updates, the registry,
// the exchange of request counts, and the jobs. It ends with ctx; wait then waits for what is under way.
func (s *Server) Start(ctx context.Context) (wait func(), _ error) {
	if _, err := s.readRegistry(ctx); err != nil {
		return nil, err
	}
	if err := s.Addresses.Load(ctx); err != nil {
		return nil, err
	}
	if err := s.jobRunner.Start(ctx); err != nil {
		return nil, err
	}
	var behind sync.WaitGroup
	behind.Go(func() { s.Sessions.Run(ctx) })
	behind.Go(func() { s.followRegistry(ctx) })
	behind.Go(func() { s.Addresses.Run(ctx) })
	return func() { behind.Wait(); <-s.jobRunner.Stopped() }, nil
}

// Handler is the way of one request. The order of the steps is part of the contract: the first that refuses decides the slug.
func (s *Server) Handler() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError // 1: no such route, and whatever nobody foresaw
	e.Pre(s.begin)                     // request id, headers, log line, panics
	e.Pre(s.crossOrigin())             // browsers' preflights, and no other OPTIONS

	way := map[string][]echo.MiddlewareFunc{}
	for _, op := range gen.Operations {
		way[op.ID] = []echo.MiddlewareFunc{s.steps(op,
			s.identify,     // 2: is the operation deployed?
			s.limitAddress, // 3: does the address send too much?
			s.contentType,  // 4
			s.readBody,     // 5: 64 KiB
			s.decodeBody,   // 6: base64 and JSON
			s.authenticate, // 7: whose token is it?
			s.validate,     // 8: the params, by the spec
			s.permit,       // 9: may this user?
		)}
	}
	operations := gen.NewStrictHandler(s, []gen.StrictMiddlewareFunc{s.mustAnswer}) // 10
	gen.RegisterHandlersWithOptions(e, operations, gen.RegisterHandlersOptions{OperationMiddlewares: way})
	s.pages(e)
	return e
}

// step lets a request pass with nil, or refuses it with an outcome.
type step func(*call) (gen.Outcome, error)

func (s *Server) steps(op *gen.Operation, steps ...step) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			c := callOf(ec.Request().Context())
			c.op = op
			for _, step := range steps {
				refusal, err := step(c)
				if err != nil {
					return err
				}
				if refusal != nil {
					return c.refuse(ec.Response(), refusal)
				}
			}
			return next(ec)
		}
	}
}

// mustAnswer keeps an operation from answering nothing at all, which the generated code would send as an empty 200, and
// notes the slug for the log. Before it answers, what is kept of the users whom it has changed is forgotten.
func (s *Server) mustAnswer(handle gen.StrictHandlerFunc, operation string) gen.StrictHandlerFunc {
	return func(ec echo.Context, request any) (any, error) {
		response, err := handle(ec, request)
		c := callOf(ec.Request().Context())
		for _, user := range c.changed {
			s.Sessions.Forget(user)
		}
		outcome, ok := response.(gen.Outcome)
		if err == nil && !ok {
			return nil, errors.New(operation + " answered nothing")
		}
		if ok {
			c.slug = outcome.Slug()
		}
		return response, err
	}
}

// crossOrigin lets the pages of the applications call from browsers. There are no cookies, so no credentials are allowed.
func (s *Server) crossOrigin() echo.MiddlewareFunc {
	cors := middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOriginFunc: func(origin string) (bool, error) { return s.registry.allowsOrigin(origin), nil },
		AllowMethods:    []string{http.MethodPost, http.MethodPut},
		AllowHeaders:    []string{"Authorization", "Content-Type"},
		ExposeHeaders:   []string{"X-Request-Id", "Retry-After", "Link", "Deprecation", "Sunset"},
		MaxAge:          600,
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			req := ec.Request()
			options := req.Method == http.MethodOptions
			switch {
			case options && (!isAPI(req.URL.Path) || req.Header.Get("Access-Control-Request-Method") == ""):
				return echo.ErrNotFound // or echo would answer by itself
			case options || req.Header["Origin"] != nil && isAPI(req.URL.Path):
				return cors(next)(ec)
			}
			return next(ec)
		}
	}
}
