package client

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
)

// ForUser makes a call of a product's back end one for the user whose request it answers: rate limits count the
// user's address, not the back end's, and mails and sessions show where the user signed in. application is the
// application's token. remoteAddr is the address that the user's request came from, with or without a port, such
// as [http.Request.RemoteAddr]; behind a load balancer it is what that says of it. A token of the user goes into
// [WithToken] as ever.
//
// The call fails if remoteAddr is no address, since all users would share the limits of the back end then.
func ForUser(application, remoteAddr, userAgent string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		address, err := parseAddress(remoteAddr)
		if err != nil {
			return fmt.Errorf("the address of the user: %w", err)
		}
		req.Header.Set("PlanoAuth-Application", application)
		req.Header.Set("X-Forwarded-For", address.String())
		req.Header.Set("User-Agent", userAgent)
		return nil
	}
}

func parseAddress(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().WithZone(""), nil
	}
	address, err := netip.ParseAddr(text)
	return address.WithZone(""), err
}
