package impl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
)

// requestTimeout ends the work of a request whose database does not answer.
const requestTimeout = 30 * time.Second

// call is one request in the pipeline.
type call struct {
	req    *http.Request
	id     string
	now    time.Time // the one time of the request, in whole milliseconds as in answers
	ip     string
	header http.Header // of the answer
	began  time.Time   // for durations only

	ctx    callContext     // the context of req
	timed  context.Context // see context
	cancel context.CancelFunc

	op       *gen.Operation // nil while no route has matched
	registry *registry      // the copy that identified the request
	body     []byte         // as sent
	params   map[string]any
	slug     string // of the answer

	backEnd        *db.Application // whose token a product's back end sent; see identifyBackEnd
	backEndBearer  bool            // whether that token is the bearer's
	forwarded      bool            // whether ip is what the back end says
	tokenPresented bool
	clientApp      *db.Application // the application whose token was presented, nil for a session's token or none
	session        *db.Session     // of the presented token, nil without one; the session cache shares it, so it is read-only
	sessionApp     *db.Application // of the session
	about          *db.User        // the person that an administrative operation is about; see findSubject
	aboutApp       *db.Application // the application that an administrative operation is about
	audited        bool            // whether the audit event of the call was saved, or is not wanted
	forgotten      bool            // whether the caller was deleted, so that the event must not have their address and browser
	changed        []int64         // ids of users whose sessions must leave the session cache
	metricsApp     string          // slug of the application that metrics count the request for
	subject        subject         // the ids in the log lines
	logged         [4]slog.Attr    // memory for the attributes of the request's log line
}

// callContext is the context of a request, which knows its call.
type callContext struct {
	context.Context // of the connection
	call            *call
}

type callKey struct{}

// Value returns the call for callKey.
func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return c.call
	}
	return c.Context.Value(key)
}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// context returns the context for everything that a request waits for: it ends when the caller closes the
// connection, and after requestTimeout. The timer is made at the first use, so a session check that the cache
// answers costs none.
func (c *call) context() context.Context {
	if c.timed == nil {
		c.timed, c.cancel = context.WithTimeout(&c.ctx, requestTimeout)
	}
	return c.timed
}

// Header values of all answers, shared between them: never append to these.
var (
	noSniff = []string{"nosniff"}
	noStore = []string{"no-store"}
	closing = []string{"close"}
)

// begin gives each request its id, its time and the headers of every answer. It turns a panic into an error.
// After the answer it counts the request and logs one line.
func (s *Server) begin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		req := ec.Request()
		began := s.Now()
		c := &call{
			id: rand.Text(), began: began, now: began.UTC().Truncate(time.Millisecond),
			ip: s.clientAddresses.of(req), header: ec.Response().Header(),
		}
		c.ctx = callContext{req.Context(), c}
		c.req = req.WithContext(&c.ctx)
		defer func() {
			if c.cancel != nil {
				c.cancel()
			}
		}()
		ec.SetRequest(c.req)
		header := c.header
		header["X-Request-Id"] = []string{c.id}
		header["X-Content-Type-Options"] = noSniff
		header["Cache-Control"] = noStore
		if s.draining.Load() {
			header["Connection"] = closing
		}
		defer func() {
			switch cause := recover().(type) {
			case nil:
			case *panicked: // of another goroutine
				err = cause
			default:
				err = &panicked{cause, debug.Stack()}
			}
			if err != nil {
				ec.Error(err)
			}
			s.logCall(c, ec.Response().Status)
			err = nil
		}()
		return next(ec)
	}
}

// requestLoggers makes a log handler for each operation, by operation id, so that the id is formatted only
// once.
func requestLoggers(log *slog.Logger) map[string]slog.Handler {
	loggers := map[string]slog.Handler{"": log.Handler()}
	for _, op := range gen.Operations {
		loggers[string(op.ID)] = log.Handler().WithAttrs([]slog.Attr{slog.String("operation", string(op.ID))})
	}
	return loggers
}

// operation returns the operation id, "" while no route has matched.
func (c *call) operation() string {
	if c.op == nil {
		return ""
	}
	return string(c.op.ID)
}

func (s *Server) logCall(c *call, code int) {
	ended := s.Now()
	took := ended.Sub(c.began)
	s.metrics.count(c, took)
	line := slog.NewRecord(ended, slog.LevelInfo, "request", 0) // no source position: finding it costs time
	line.AddAttrs(
		slog.String("request_id", c.id),
		slog.Int("code", code),
		slog.String("status", c.slug),
		slog.String("ip", c.ip),
		// slog writes an unnamed group as its members. A record has room for five attributes; more would be allocated.
		slog.Attr{Value: slog.GroupValue(c.subjectAttrs(append(c.logged[:0], slog.Int64("us", took.Microseconds())))...)})
	if handler := s.requestLoggers[c.operation()]; handler.Enabled(c.req.Context(), line.Level) {
		handler.Handle(c.req.Context(), line)
	}
}

// refuse answers with the outcome of a step. The compiler cannot know which operation the step refuses, so
// this checks the operation's list of slugs: an unlisted slug is never sent.
func (c *call) refuse(w http.ResponseWriter, outcome gen.Outcome) error {
	if c.op != nil && !slices.Contains(c.op.Slugs, outcome.Slug()) {
		return fmt.Errorf("openapi.yaml does not list %q for %s: list it there, or let the step answer another slug",
			outcome.Slug(), c.op.ID)
	}
	c.slug = outcome.Slug()
	return outcome.Write(w)
}

// panicked is a recovered panic.
type panicked struct {
	cause any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.cause) }

// answerError answers requests without a route, and crashes.
func (s *Server) answerError(err error, ec echo.Context) {
	c := callOf(ec.Request().Context())
	if ec.Response().Committed {
		s.log(c).Warn("writing an answer failed", "cause", err.Error())
		return
	}
	var outcome gen.Outcome
	noRoute := errors.Is(err, echo.ErrNotFound) || errors.Is(err, echo.ErrMethodNotAllowed)
	switch {
	case noRoute && isAPI(c.req.URL.Path):
		outcome = gen.RouteNonExistent{}
	case !isAPI(c.req.URL.Path) && s.answerPageError(ec, c, noRoute, err):
		return
	default:
		outcome = s.crash(c, err)
	}
	if err := c.refuse(ec.Response(), outcome); err != nil {
		s.log(c).Warn("writing an answer failed", "cause", err.Error())
	}
}

// crash logs an unforeseen error and notifies the operators. The answer contains nothing of it.
func (s *Server) crash(c *call, err error) gen.Outcome {
	operation, stack := c.operation(), debug.Stack()
	var p *panicked
	if errors.As(err, &p) {
		stack = p.stack
	}
	if p == nil && errors.Is(err, context.Canceled) {
		s.log(c).Info("the caller closed the connection")
		return gen.ApplicationCrash{}
	}
	s.log(c).Error("application-crash", "cause", err.Error(), "stack", string(stack))
	s.notify(c.context(), applicationCrash, db.Notification{
		Operation: operation, RequestID: c.id,
		Message: "A request crashed; the cause is in the log under its request id.",
	})
	return gen.ApplicationCrash{}
}

func isAPI(path string) bool { return path == "/api/v1" || strings.HasPrefix(path, "/api/v1/") }

const maxUserAgent = 512 // bytes of the User-Agent header that are stored

func userAgent(req *http.Request) string {
	text := req.UserAgent()
	return strings.ToValidUTF8(text[:min(len(text), maxUserAgent)], "")
}

// invalidToken refuses the presented token.
var invalidToken = gen.InvalidToken{Param: gen.TokenParamToken}

func paramError(param string, rule gen.ParamErrorRule, message string) gen.ParamError {
	return gen.ParamError{Param: param, Rule: rule, Message: message}
}

// rateLimited is the outcome of a request that may be sent again after a wait.
func (c *call) rateLimited(wait time.Duration) gen.RateLimitExceeded {
	c.retryAfter(wait)
	return gen.RateLimitExceeded{}
}

// retryAfter sets the header Retry-After, in whole seconds and at least one.
func (c *call) retryAfter(wait time.Duration) {
	seconds := max(1, (wait+time.Second-1)/time.Second)
	c.header["Retry-After"] = []string{strconv.Itoa(int(seconds))}
}

// busy is the outcome of a request that got no hash slot.
func (s *Server) busy(c *call) gen.ServerBusy {
	c.retryAfter(s.Passwords.Limiter.Wait(c.network()))
	return gen.ServerBusy{}
}
