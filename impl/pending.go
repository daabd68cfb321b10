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

func (s *Server) PreferencesRead(context.Context, gen.PreferencesReadRequestObject) (gen.PreferencesReadResponseObject, error) {
	return nil, errPending
}

func (s *Server) PreferencesUpdate(context.Context, gen.PreferencesUpdateRequestObject) (gen.PreferencesUpdateResponseObject, error) {
	return nil, errPending
}

func (s *Server) NotificationsIndex(context.Context, gen.NotificationsIndexRequestObject) (gen.NotificationsIndexResponseObject, error) {
	return nil, errPending
}

func (s *Server) NotificationsUpdate(context.Context, gen.NotificationsUpdateRequestObject) (gen.NotificationsUpdateResponseObject, error) {
	return nil, errPending
}
