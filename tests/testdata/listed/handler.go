// Package listed has a handler whose slug the operation lists.
package listed

import (
	"context"

	"github.com/planoauth/planoauth/gen"
)

type server struct{ gen.StrictServerInterface }

// SessionsRead answers one slug.
func (server) SessionsRead(context.Context, gen.SessionsReadRequestObject) (gen.SessionsReadResponseObject, error) {
	return gen.InvalidToken{}, nil
}
