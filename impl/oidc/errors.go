package oidc

import (
	"errors"
	"fmt"

	"golang.org/x/oauth2"
)

// The classes of errors.
var (
	ErrNotConfigured = errors.New("no OpenID client is configured")
	ErrDiscovery     = errors.New("discovery of the OpenID provider failed")
	ErrExchange      = errors.New("exchange of the code failed")
	ErrIDToken       = errors.New("ID token rejected")
)

// maxCause is the maximum length of a cause, in bytes: some quote a whole document.
const maxCause = 500

// failure returns an error of a class, with its cause as text only.
func failure(class error, cause string) error {
	return fmt.Errorf("%w: %s", class, cause[:min(len(cause), maxCause)])
}

// exchangeFailure leaves out the body of a refusal, which may repeat the code or the secret.
func exchangeFailure(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return failure(ErrExchange, fmt.Sprintf("HTTP status %d %q", refused.Response.StatusCode, refused.ErrorCode))
	}
	return failure(ErrExchange, err.Error())
}
