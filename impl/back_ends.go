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

// identifyBackEnd comes before the rate limit: the bearer of a good application token in a header is a product's back end, which
// calls for one of its users. A bad one is refused at step 7.
func (s *Server) identifyBackEnd(c *call) (gen.Outcome, error) {
	text, presented := c.backEndToken()
	if !presented {
		return nil, nil
	}
	if app := c.registry.application(text); app != nil {
		s.actFor(c, app, text)
	}
	return nil, nil
}

// backEndToken returns the token of applicationHeader, else an application's token in the Authorization
// header.
func (c *call) backEndToken() (text string, presented bool) {
	if values := c.req.Header[applicationHeader]; len(values) > 0 {
		if len(values) > 1 {
			return "", true
		}
		return strings.TrimSpace(values[0]), true
	}
	text, presented = bearerToken(c.req)
	return text, presented && token.HasShape(text, token.Application)
}

// actFor makes the user of a product the client of the call: their address is the last one that the product's
// back end wrote into X-Forwarded-For.
func (s *Server) actFor(c *call, app *db.Application, text string) {
	c.backEnd, c.backEndText = app, text
	if address := s.clientAddresses.behindBackEnd(c.req); address != "" {
		c.ip, c.forwarded = address, true
	}
}

// network returns what the call's address is known and counted under. An application can name any address, so
// what it names means nothing to other applications.
func (c *call) network() string {
	network := ratelimit.Network(c.ip)
	if c.forwarded {
		return strconv.FormatInt(c.backEnd.ID, 10) + "/" + network
	}
	return network
}
