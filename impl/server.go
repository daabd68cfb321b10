// Package impl is PlanoAuth's server: the request pipeline, and one file for each resource of openapi.yaml.
//
// Handler lists the steps of the pipeline in order. The type call holds the state of a request. The packages below this
// one know neither Server nor call: tokens, passwords, rate limits, the session cache, mail and Google sign-in.
package impl

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/riverqueue/river"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/background"
	"github.com/planoauth/planoauth/impl/mailer"
	"github.com/planoauth/planoauth/impl/oidc"
	"github.com/planoauth/planoauth/impl/password"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/sessioncache"
	"github.com/planoauth/planoauth/impl/validation"
)

// Server answers the operations of openapi.yaml. Its exported fields must not change once it serves requests.
type Server struct {
	Settings Settings
	DB       *db.DB
	Mailer   mailer.Mailer
	Log      *slog.Logger
	Now      func() time.Time // the only clock of every rule about time

	// These are made by New. Tests adjust them before Start.
	Sessions  *sessioncache.Cache
	Addresses *ratelimit.Addresses
	Passwords *password.Hashing

	validator      *validation.Validator
	mails          *mailer.Templates
	registry       *registryReader
	metrics        *metrics
	requestLoggers map[string]slog.Handler // by operation id
	google         *oidc.Client

	jobInserter *river.Client[*sql.Tx] // inserts jobs in bun's transactions
	jobRunner   *river.Client[pgx.Tx]

	deliveries *deliveries
	logos      *lru.Cache[string, []byte] // by their digests
	draining   atomic.Bool
	readiness  readiness

	passwordLimit, linkLimit, registrationLimit ratelimit.Mailbox

	refusals                                  *refusals
	unknownMailboxes                          *ratelimit.UnknownMailboxes
	madeUpSessions, madeUpLinks, madeUpStates *ratelimit.MadeUpTokens
	clientAddresses                           *clientAddresses
	refusedOrigins                            originLog
}

// New makes a server, which answers identify-request-error until Start was called. It returns an error for
// invalid settings.
func New(settings Settings, d *db.DB, sender mailer.Mailer, log *slog.Logger, now func() time.Time) (*Server, error) {
	if err := settings.Complete(); err != nil {
		return nil, err
	}
	if settings.MailPause == 0 {
		settings.MailPause = time.Minute
	}
	s := &Server{
		Settings: settings, DB: d, Mailer: sender, Log: log, Now: now,
		Passwords: &password.Hashing{
			Cost:    password.Cost{Memory: settings.Argon2Memory, Passes: settings.Argon2Time},
			Limiter: password.NewLimiter(settings.hashSlots(), now),
			Log:     log,
		},
		registry:      newRegistryReader(d, log, now, settings.PublicURL),
		Addresses:     ratelimit.NewAddresses(settings.ThrottleAddress, d, log, now),
		passwordLimit: ratelimit.Passwords(settings.ThrottlePasswords...), linkLimit: ratelimit.Links(settings.ThrottleLinks...),
		registrationLimit: ratelimit.Registrations(settings.ThrottleRegistrations),
		unknownMailboxes:  ratelimit.NewUnknownMailboxes(settings.unknownMailboxes(), d, log),
		clientAddresses:   newClientAddresses(settings.TrustedProxies, log), google: newGoogle(settings),
		deliveries: newDeliveries(), refusals: newRefusals(d, log, now),
	}
	madeUp := ratelimit.NewMadeUpCounts()
	s.madeUpSessions = ratelimit.NewMadeUpTokens(madeUp, db.SessionDigests, d, log, now)
	s.madeUpLinks = ratelimit.NewMadeUpTokens(madeUp, db.LinkDigests, d, log, now)
	s.madeUpStates = ratelimit.NewMadeUpTokens(madeUp, db.GoogleStateDigests, d, log, now)
	s.Sessions = sessioncache.New(sessioncache.Options{
		DB: d, Log: log, Now: now, SessionByToken: d.SessionByToken, Expired: expired, RegistryChanged: s.registry.hasChanged,
	})
	s.metrics, s.requestLoggers = newMetrics(s), requestLoggers(log)
	var err error
	if s.logos, err = lru.New[string, []byte](maxLogos); err != nil {
		return nil, err
	}
	if s.validator, err = validation.New(); err != nil {
		return nil, err
	}
	if s.mails, err = mailer.ParseTemplates(settings.PublicURL); err != nil {
		return nil, err
	}
	if s.jobInserter, err = newJobInserter(d); err != nil {
		return nil, err
	}
	return s, nil
}

// Start reads the registry and starts the background work: session cache, registry, rate limits, and
// jobs. The work stops when ctx ends; wait returns when it has stopped.
func (s *Server) Start(ctx context.Context) (wait func(), _ error) {
	if _, err := s.registry.read(ctx); err != nil {
		return nil, err
	}
	if err := s.Addresses.Load(ctx); err != nil {
		return nil, err
	}
	shared, err := s.DB.SharesBackends(ctx)
	if err != nil {
		return nil, err
	}
	if s.jobRunner, err = newJobRunner(s, shared); err != nil {
		return nil, err
	}
	s.DB.CheckAlive(ctx) // so that jobs know the clock of the database
	if err := s.jobRunner.Start(ctx); err != nil {
		return nil, err
	}
	var loops sync.WaitGroup
	loops.Go(func() { s.Sessions.Run(ctx) })
	loops.Go(func() { s.registry.run(ctx) })
	loops.Go(func() { s.registry.tokenUses.run(ctx) })
	loops.Go(func() { s.Addresses.Run(ctx) })
	loops.Go(func() { s.unknownMailboxes.Run(ctx) })
	loops.Go(func() { s.refusals.run(ctx) })
	for _, tokens := range []*ratelimit.MadeUpTokens{s.madeUpSessions, s.madeUpLinks, s.madeUpStates} {
		loops.Go(func() { tokens.Run(ctx) })
	}
	loops.Go(func() { background.Every(ctx, db.AliveInterval, nil, s.DB.CheckAlive) })
	return func() {
		s.deliveries.abort()
		loops.Wait()
		<-s.jobRunner.Stopped()
		s.deliveries.running.Wait()
	}, nil
}

// Drain makes /health/ready answer 503, and each answer end its connection, while the server goes on: load
// balancers then send new requests to others.
func (s *Server) Drain() { s.draining.Store(true) }

// Finish ends the work that does not belong to a request: no job begins any longer, and mails that are being
// sent are waited for until ctx ends.
func (s *Server) Finish(ctx context.Context) {
	_ = s.jobRunner.StopAndCancel(ctx)
	s.deliveries.finish(ctx)
}

// Handler is the request pipeline. The order of the steps is part of the contract: the first step that
// refuses decides the slug.
func (s *Server) Handler() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError // 1: unknown routes, and unforeseen errors
	e.Pre(s.begin)                     // request id, headers, log line, panics
	e.Pre(s.crossOrigin())             // CORS: preflight requests, and no other OPTIONS

	pipeline := map[string][]echo.MiddlewareFunc{}
	for _, op := range gen.Operations {
		pipeline[string(op.ID)] = []echo.MiddlewareFunc{s.steps(op,
			s.identify,        // 2: is the operation deployed?
			s.checkOrigin,     // 2a: may pages of this origin call?
			s.identifyBackEnd, // does a product's back end call for its user?
			s.limitAddress,    // 3: does the client address send too much?
			s.contentType,     // 4
			s.readBody,        // 5: 64 KiB
			s.decodeBody,      // 6: base64 and JSON
			// From here on, refusals may be audit events.
			s.recordsRefusals(s.authenticate), // 7: whose token is it?
			s.recordsRefusals(s.validate),     // 8: do the params match the spec?
			s.recordsRefusals(s.permit),       // 9: does the user have the role?
		)}
	}
	operations := gen.NewStrictHandler(s, []gen.StrictMiddlewareFunc{s.mustAnswer}) // 10
	gen.RegisterHandlersWithOptions(e, operations, gen.RegisterHandlersOptions{OperationMiddlewares: pipeline})
	s.pages(e)
	return headAsGet(e)
}

// step passes a request on by returning nil, or refuses it with an outcome.
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

// mustAnswer runs an operation. It drops the changed users from the session cache before the answer is sent, records
// the slug for the log and for the audit events, and refuses an operation that answers nothing: the generated code
// would send an empty 200.
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
		if err != nil || !ok {
			return response, err
		}
		c.slug = outcome.Slug()
		s.recordRefusal(c, c.slug)
		return response, s.recordRead(c, c.slug)
	}
}

// crossOrigin is CORS for the pages of applications. There are no cookies, so it allows no credentials.
func (s *Server) crossOrigin() echo.MiddlewareFunc {
	cors := middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOriginFunc: func(origin string) (bool, error) { return s.allowsOrigin(s.registry.newest.Load(), origin), nil },
		AllowMethods:    []string{http.MethodPost, http.MethodPut},
		AllowHeaders: []string{
			"Authorization", "Content-Type", "Idempotency-Key", "traceparent", "tracestate", "baggage", "sentry-trace",
		},
		ExposeHeaders: []string{
			"X-Request-Id", "Retry-After", "Link", "Deprecation", "Sunset", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy",
		},
		MaxAge: 600,
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			req := ec.Request()
			options := req.Method == http.MethodOptions
			switch {
			case options && (!isAPI(req.URL.Path) || req.Header.Get("Access-Control-Request-Method") == ""):
				return echo.ErrNotFound // echo itself would answer 204
			case options:
				s.checkPreflight(callOf(req.Context()))
				return cors(next)(ec)
			case req.Header["Origin"] != nil && isAPI(req.URL.Path):
				return cors(next)(ec)
			}
			return next(ec)
		}
	}
}
