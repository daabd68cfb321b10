package oidc

import (
	"context"
	"sync/atomic"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// Config names a provider and the client that is registered there.
type Config struct {
	Issuer       string // URL without /.well-known/openid-configuration
	ClientID     string // "" where sign-in is not configured
	ClientSecret string
	RedirectURL  string // absolute URL that the provider sends browsers to
}

// Client discovers the provider of a Config.
type Client struct {
	config    Config
	provider  atomic.Pointer[Provider] // nil until it was discovered
	discovery singleflight.Group
}

// New returns a Client. It makes no call.
func New(config Config) *Client { return &Client{config: config} }

// Discover returns the provider. Its errors are ErrNotConfigured and ErrDiscovery.
func (c *Client) Discover(ctx context.Context) (*Provider, error) {
	if c.config.ClientID == "" {
		return nil, ErrNotConfigured
	}
	if known := c.provider.Load(); known != nil {
		return known, nil
	}
	_, err, _ := c.discovery.Do("", func() (any, error) {
		// Others may be waiting for the same discovery, so it does not end with this request.
		ctx, cancel := callContext(context.WithoutCancel(ctx))
		defer cancel()
		found, err := oidc.NewProvider(ctx, c.config.Issuer)
		if err != nil {
			return nil, failure(ErrDiscovery, err.Error())
		}
		c.provider.Store(newProvider(c.config, found))
		return nil, nil
	})
	return c.provider.Load(), err
}

func newProvider(config Config, found *oidc.Provider) *Provider {
	endpoint := found.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // detecting the style would send a code twice
	return &Provider{
		provider: found,
		oauth: oauth2.Config{
			ClientID: config.ClientID, ClientSecret: config.ClientSecret, Endpoint: endpoint, RedirectURL: config.RedirectURL,
			Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
		},
	}
}
