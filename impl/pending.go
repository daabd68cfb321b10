package impl

import (
	"context"
	"errors"

	"github.com/planoauth/planoauth/gen"
)

var errPending = errors.New("pending")

func (s *Server) SessionsGoogleAuthorize(context.Context, gen.SessionsGoogleAuthorizeRequestObject) (gen.SessionsGoogleAuthorizeResponseObject, error) {
	return nil, errPending
}

func (s *Server) SessionsGoogleCreate(context.Context, gen.SessionsGoogleCreateRequestObject) (gen.SessionsGoogleCreateResponseObject, error) {
	return nil, errPending
}
