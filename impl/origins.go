package impl

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/formats"
)

// checkOrigin is step 2a. CORS only hides answers from pages of other origins; it does not keep them from
// sending, for instance, a wrong password from the address of a user. So these requests are refused before
// anything counts them.
func (s *Server) checkOrigin(c *call) (gen.Outcome, error) {
	for _, origin := range c.req.Header["Origin"] {
		if !s.allowsOrigin(c.registry, origin) {
			s.logOrigin(c, origin)
			return gen.OriginNotAllowed{}, nil
		}
	}
	return nil, nil
}

// allowsOrigin reports whether pages of an origin may call the API. The registry may be nil.
func (s *Server) allowsOrigin(r *registry, origin string) bool {
	return r != nil && r.origins[origin] || s.Settings.Embedded && isLoopbackOrigin(origin) && s.Settings.onLoopback()
}

// checkPreflight logs preflight requests that CORS will refuse. A page that is refused rarely sends anything else.
func (s *Server) checkPreflight(c *call) {
	if origin := c.req.Header.Get("Origin"); origin != "" && !s.allowsOrigin(s.registry.newest.Load(), origin) {
		s.logOrigin(c, origin)
	}
}

func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && formats.IsLoopback(u.Hostname()) && formats.Origin(origin) == origin
}

const maxLoggedOrigin = 256 // bytes

// logOrigin logs a refused origin, with the command that allows it if one can.
func (s *Server) logOrigin(c *call, origin string) {
	shown := strings.ToValidUTF8(origin[:min(len(origin), maxLoggedOrigin)], "")
	if !s.refusedOrigins.due(shown, c.now) {
		return
	}
	attributes := []any{"origin", shown, "operation", c.operation(), "request_id", c.id} // no operation for preflight requests
	if shown == origin && plainOrigin.MatchString(origin) && formats.CheckOrigin(origin) == nil && formats.Origin(origin) == origin {
		attributes = append(attributes, "allow_by", "planoauth application set SLUG --add-redirect-origin "+origin)
	}
	s.Log.Warn("a page of another origin was refused", attributes...)
}

// plainOrigin matches origins that a shell takes as they are: operators copy the command from the log.
var plainOrigin = regexp.MustCompile(`^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$`)

const (
	originLogInterval = time.Minute
	maxLoggedOrigins  = 1000
)

// originLog decides which refused origins are logged: each once in an interval. Beyond maxLoggedOrigins in an
// interval none is, so that its memory is bounded.
type originLog struct {
	mu     sync.Mutex
	last   map[string]time.Time // when an origin was logged
	purged time.Time
}

func (l *originLog) due(origin string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, logged := l.last[origin]
	if logged && now.Sub(last) < originLogInterval {
		return false
	}
	if !logged && len(l.last) >= maxLoggedOrigins {
		l.purge(now)
		if len(l.last) >= maxLoggedOrigins {
			return false
		}
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[origin] = now
	return true
}

// purge forgets origins that may be logged again. It does so at most once a second, since it visits all of them.
func (l *originLog) purge(now time.Time) {
	if now.Sub(l.purged) < time.Second {
		return
	}
	l.purged = now
	for origin, last := range l.last {
		if now.Sub(last) >= originLogInterval {
			delete(l.last, origin)
		}
	}
}
