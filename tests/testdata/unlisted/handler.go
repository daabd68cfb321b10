// Package unlisted has a handler whose slug the operation does not list: it must not compile.
package unlisted

import (
	"context"

	"github.com/planoauth/planoauth/gen"
)

type server struct{ gen.StrictServerInterface }

// SessionsRead answers one slug.
func (server) SessionsRead(context.Context, gen.SessionsReadRequestObject) (gen.SessionsReadResponseObject, error) {
	return gen.EmailNotFound{}, nil
}
