package impl

import (
	"strconv"
	"strings"

	"github.com/planoauth/planoauth/db"
	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/ratelimit"
	"github.com/planoauth/planoauth/impl/token"
)

// applicationHeader carries an application's token beside the token of a user.
const applicationHeader = "Planoauth-Application" // in canonical form

// identifyBackEnd comes before the rate limit. Whoever sends a good application token in a header is a product's
// back end, which calls for one of its users. A bad token is refused at step 7.
func (s *Server) identifyBackEnd(c *call) (gen.Outcome, error) {
	if values := c.req.Header[applicationHeader]; len(values) > 0 {
		if len(values) == 1 {
			s.actFor(c, c.registry.application(strings.TrimSpace(values[0]), c.now))
		}
		return nil, nil
	}
	if text, _ := bearerToken(c.req); token.HasShape(text, token.Application) {
		s.actFor(c, c.registry.application(text, c.now))
		c.backEndBearer = c.backEnd != nil
	}
	return nil, nil
}

// actFor makes the user of a product the client of the call: their address is the last one that the product's
// back end wrote into X-Forwarded-For. It does nothing without an application.
func (s *Server) actFor(c *call, app *db.Application) {
	if app == nil {
		return
	}
	c.backEnd = app
	if len(c.req.Header["X-Forwarded-For"]) == 0 {
		return
	}
	if address := s.clientAddresses.behindBackEnd(c.req); address != "" {
		c.ip, c.forwarded = address, true
	}
}

// network returns the key under which limits and known addresses store the address of the call. A back end can name any
// address, so the key of an address that it names is its own.
func (c *call) network() string {
	network := ratelimit.Network(c.ip)
	if c.forwarded {
		return strconv.FormatInt(c.backEnd.ID, 10) + "/" + network
	}
	return network
}
