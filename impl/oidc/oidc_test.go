package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

type claims map[string]any

// issuer is an OpenID provider over HTTP. Its token endpoint answers with a code and a body that the test
// sets.
type issuer struct {
	url    string
	key    jose.JSONWebKey
	signer jose.Signer

	mu          sync.Mutex
	discoveries int
	down        bool
	code        int
	answer      map[string]any
	form        url.Values // of the last exchange
}

func startIssuer(t *testing.T) *issuer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &issuer{key: jose.JSONWebKey{Key: private, KeyID: "first", Algorithm: "ES256", Use: "sig"}}
	if p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.discoveries++
		if p.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.url, "authorization_endpoint": p.url + "/auth", "token_endpoint": p.url + "/token", "jwks_uri": p.url + "/jwks",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	case "/jwks":
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.key.Public()}})
	case "/token":
		r.ParseForm()
		p.form = r.PostForm
		w.WriteHeader(p.code)
		json.NewEncoder(w).Encode(p.answer)
	default:
		http.NotFound(w, r)
	}
}

// set prepares the answer of the token endpoint.
func (p *issuer) set(code int, answer map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.answer = code, answer
}

// sign returns an ID token.
func (p *issuer) sign(t *testing.T, c claims) string {
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := p.signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func (p *issuer) client() *Client {
	return New(Config{Issuer: p.url, ClientID: "client", ClientSecret: "secret", RedirectURL: "https://auth.example/callback"})
}

func discover(t *testing.T, c *Client) *Provider {
	t.Helper()
	provider, err := c.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// TestDiscover: a failure is tried again, a success is kept.
func TestDiscover(t *testing.T) {
	if _, err := New(Config{}).Discover(t.Context()); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("without a client the error is %v", err)
	}
	p := startIssuer(t)
	c := p.client()
	p.down = true
	for range 2 {
		if provider, err := c.Discover(t.Context()); !errors.Is(err, ErrDiscovery) || provider != nil {
			t.Errorf("while the provider is down the error is %v", err)
		}
	}
	p.down = false
	if first := discover(t, c); discover(t, c) != first {
		t.Error("the provider was not kept")
	}
	if p.discoveries != 3 {
		t.Errorf("there were %d discoveries", p.discoveries)
	}
}

// TestAuthorize checks the query of the authorization URL.
func TestAuthorize(t *testing.T) {
	p := startIssuer(t)
	provider := discover(t, p.client())
	a := provider.Authorize()
	u, err := url.Parse(a.URL)
	if err != nil || !strings.HasPrefix(a.URL, p.url+"/auth?") {
		t.Fatalf("the URL is %s %v", a.URL, err)
	}
	want := map[string]string{
		"client_id": "client", "redirect_uri": "https://auth.example/callback", "response_type": "code", "scope": "openid email profile",
		"state": a.State, "nonce": a.Nonce, "code_challenge": Challenge(a.Verifier), "code_challenge_method": "S256",
	}
	have := map[string]string{}
	for name := range u.Query() {
		have[name] = u.Query().Get(name)
	}
	if !maps.Equal(want, have) {
		t.Errorf("the query is %v, not %v", have, want)
	}
	if b := provider.Authorize(); b.State == a.State || b.Nonce == a.Nonce || b.Verifier == a.Verifier || a.State == a.Nonce {
		t.Error("a random value is used twice")
	}
}

// TestExchange checks which ID tokens are accepted.
func TestExchange(t *testing.T) {
	now := time.Date(2031, 5, 1, 10, 0, 0, 0, time.UTC)
	rows := []struct {
		name     string
		change   claims // of a valid token; nil removes a claim
		accepted bool
	}{
		{"a valid token", nil, true},
		{"an unverified address", claims{"email_verified": false}, true},
		{"no address", claims{"email": nil}, true},
		{"another issuer", claims{"iss": "https://evil.example"}, false},
		{"another audience", claims{"aud": "other"}, false},
		{"several audiences, requested by this client", claims{"aud": []string{"other", "client"}, "azp": "client"}, true},
		{"several audiences, requested by nobody", claims{"aud": []string{"other", "client"}}, false},
		{"requested by another client", claims{"azp": "other"}, false},
		{"another nonce", claims{"nonce": "other"}, false},
		{"no nonce", claims{"nonce": nil}, false},
		{"expired within the clock skew", claims{"exp": now.Add(-clockSkew).Unix()}, true},
		{"expired", claims{"exp": now.Add(-clockSkew - time.Second).Unix()}, false},
		{"no expiry", claims{"exp": nil}, false},
		{"no subject", claims{"sub": nil}, false},
		{"a subject with a control character", claims{"sub": "a\x00b"}, false},
		{"the longest subject", claims{"sub": strings.Repeat("1", 255)}, true},
		{"a subject that is too long", claims{"sub": strings.Repeat("1", 256)}, false},
		{"a claim of the wrong type", claims{"email_verified": "true"}, false},
	}
	p := startIssuer(t)
	provider := discover(t, p.client())
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := claims{
				"iss": p.url, "aud": "client", "nonce": "nonce", "exp": now.Add(time.Hour).Unix(), "sub": "1234", "email": "Ada@example.com",
				"email_verified": true, "hd": "example.com", "given_name": "Ada", "family_name": "Lovelace",
			}
			for name, value := range row.change {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
			p.set(200, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": p.sign(t, c)})
			account, err := provider.Exchange(t.Context(), Grant{Code: "code", Verifier: "verifier", Nonce: "nonce"}, now)
			if (err == nil) != row.accepted || err != nil && !errors.Is(err, ErrIDToken) {
				t.Errorf("the error is %v", err)
			}
			if row.change == nil && (account == nil || *account != Account{"1234", "Ada@example.com", true, "example.com", "Ada", "Lovelace"}) {
				t.Errorf("the account is %+v", account)
			}
			if p.form.Get("code") != "code" || p.form.Get("code_verifier") != "verifier" || p.form.Get("client_secret") != "secret" {
				t.Errorf("the exchange was %v", p.form)
			}
		})
	}
}

// TestExchangeErrors: an error names its class and repeats no secret, whatever the provider answers.
func TestExchangeErrors(t *testing.T) {
	p := startIssuer(t)
	provider := discover(t, p.client())
	rows := []struct {
		name   string
		code   int
		answer map[string]any
		want   error
	}{
		{"a refusal", 400, map[string]any{"error": "invalid_grant", "error_description": "the code was s3cret-code"}, ErrExchange},
		{"a crash", 502, map[string]any{"form": "s3cret-code"}, ErrExchange},
		{"a redirect", 307, map[string]any{"form": "s3cret-code"}, ErrExchange},
		{"no tokens", 200, map[string]any{"form": "s3cret-code"}, ErrExchange},
		{"no ID token", 200, map[string]any{"access_token": "s3cret-code", "token_type": "Bearer"}, ErrIDToken},
		{"a malformed ID token", 200, map[string]any{"access_token": "s3cret-code", "token_type": "Bearer", "id_token": "s3cret-code"}, ErrIDToken},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p.set(row.code, row.answer)
			_, err := provider.Exchange(t.Context(), Grant{Code: "s3cret-code", Verifier: "s3cret-verifier", Nonce: "nonce"}, time.Now())
			if !errors.Is(err, row.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error is %v", err)
			}
		})
	}
	if long := failure(ErrExchange, strings.Repeat("x", 10_000)); len(long.Error()) > maxCause+100 {
		t.Errorf("an error has %d bytes", len(long.Error()))
	}
}
