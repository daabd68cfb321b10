package impl

import (
	"context"
	"errors"

	"github.com/planoauth/planoauth/gen"
)

var errPending = errors.New("pending")

func (s *Server) SessionsIndex(context.Context, gen.SessionsIndexRequestObject) (gen.SessionsIndexResponseObject, error) {
	return nil, errPending
}

func (s *Server) SessionsMagicLinkRequest(context.Context, gen.SessionsMagicLinkRequestRequestObject) (gen.SessionsMagicLinkRequestResponseObject, error) {
	return nil, errPending
}

func (s *Server) SessionsMagicLinkCreate(context.Context, gen.SessionsMagicLinkCreateRequestObject) (gen.SessionsMagicLinkCreateResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersRead(context.Context, gen.UsersReadRequestObject) (gen.UsersReadResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersUpdate(context.Context, gen.UsersUpdateRequestObject) (gen.UsersUpdateResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersPasswordUpdate(context.Context, gen.UsersPasswordUpdateRequestObject) (gen.UsersPasswordUpdateResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersPasswordResetRequest(context.Context, gen.UsersPasswordResetRequestRequestObject) (gen.UsersPasswordResetRequestResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersPasswordReset(context.Context, gen.UsersPasswordResetRequestObject) (gen.UsersPasswordResetResponseObject, error) {
	return nil, errPending
}

func (s *Server) UsersEmailVerify(context.Context, gen.UsersEmailVerifyRequestObject) (gen.UsersEmailVerifyResponseObject, error) {
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
