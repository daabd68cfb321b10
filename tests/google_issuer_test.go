package tests

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

// issuer is an OIDC provider that can be set to do what a genuine one refuses to do.
type issuer struct {
	url string
	mux *http.ServeMux

	mu    sync.Mutex
	now   func() time.Time
	keys  []jose.JSONWebKey           // that /jwks shows; the last one signs
	forge func(claims account)        // changes the claims of ID tokens
	sign  func(claims account) string // instead of the last key
	asked map[string]url.Values       // the authorization requests by id, and then by code
	calls map[string]int              // by path
	be    map[string]http.HandlerFunc // instead of what is at a path
}

// rsaKeys are generated once a run, since that takes long.
var rsaKeys = [3]func() *rsa.PrivateKey{sync.OnceValue(newRSAKey), sync.OnceValue(newRSAKey), sync.OnceValue(newRSAKey)}

func newRSAKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// jwk returns one of the keys under a key id.
func jwk(i int, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: rsaKeys[i](), KeyID: kid, Algorithm: "RS256", Use: "sig"}
}

func startIssuer(t testing.TB) *issuer {
	p := &issuer{
		mux: http.NewServeMux(), now: time.Now, keys: []jose.JSONWebKey{jwk(0, "first")},
		asked: map[string]url.Values{}, calls: map[string]int{}, be: map[string]http.HandlerFunc{},
	}
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	p.mux.HandleFunc("GET /jwks", p.jwks)
	p.mux.HandleFunc("GET /auth", p.authorize)
	p.mux.HandleFunc("GET /interaction/{id}", p.interaction)
	p.mux.HandleFunc("POST /token", p.exchange)
	server := httptest.NewServer(p)
	p.url = server.URL
	t.Cleanup(server.Close)
	return p
}

// set changes the issuer while it may be in use.
func (p *issuer) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *issuer) called(path string) (n int) {
	p.set(func() { n = p.calls[path] })
	return n
}

func (p *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var instead http.HandlerFunc
	p.set(func() { p.calls[r.URL.Path]++; instead = p.be[r.URL.Path] })
	if instead != nil {
		instead(w, r)
		return
	}
	p.mux.ServeHTTP(w, r)
}

func answerJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(value)
}

func (p *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, 200, map[string]any{
		"issuer": p.url, "authorization_endpoint": p.url + "/auth", "token_endpoint": p.url + "/token", "jwks_uri": p.url + "/jwks",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	})
}

func (p *issuer) jwks(w http.ResponseWriter, _ *http.Request) {
	var set jose.JSONWebKeySet
	p.set(func() {
		for _, key := range p.keys {
			set.Keys = append(set.Keys, key.Public())
		}
	})
	answerJSON(w, 200, set)
}

// authorize answers with a redirect that carries a code.
func (p *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	id := rand.Text()
	p.set(func() { p.asked[id] = r.URL.Query() })
	http.Redirect(w, r, "/interaction/"+id, http.StatusFound)
}

func (p *issuer) interaction(w http.ResponseWriter, r *http.Request) {
	code, as := rand.Text(), r.URL.Query().Get("account")
	var asked url.Values
	p.set(func() {
		asked = p.asked[r.PathValue("id")]
		asked.Set("account", as)
		p.asked[code] = asked
	})
	back := url.Values{"state": asked["state"], "code": {code}}
	if as == "deny" {
		back = url.Values{"state": asked["state"], "error": {"access_denied"}}
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// exchange checks what a provider must check, and returns an ID token.
func (p *issuer) exchange(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	var asked url.Values
	p.set(func() {
		asked = p.asked[r.PostForm.Get("code")]
		delete(p.asked, r.PostForm.Get("code"))
	})
	if r.PostForm.Get("client_id") != "google-client" || r.PostForm.Get("client_secret") != "google-secret" {
		answerJSON(w, 401, map[string]any{"error": "invalid_client"})
		return
	}
	if asked == nil || r.PostForm.Get("grant_type") != "authorization_code" || r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri") ||
		asked.Get("code_challenge_method") != "S256" || oauth2.S256ChallengeFromVerifier(r.PostForm.Get("code_verifier")) != asked.Get("code_challenge") {
		answerJSON(w, 400, map[string]any{"error": "invalid_grant", "error_description": "the code was " + r.PostForm.Get("code")})
		return
	}
	answerJSON(w, 200, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": p.idToken(asked)})
}

func (p *issuer) idToken(asked url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims := account{}
	text, _ := base64.RawURLEncoding.DecodeString(asked.Get("account"))
	json.Unmarshal(text, &claims)
	claims["iss"], claims["aud"], claims["nonce"] = p.url, asked.Get("client_id"), asked.Get("nonce")
	claims["iat"], claims["exp"] = p.now().Unix(), p.now().Add(time.Hour).Unix()
	if p.forge != nil {
		p.forge(claims)
	}
	if p.sign != nil {
		return p.sign(claims)
	}
	return signed(jose.RS256, p.keys[len(p.keys)-1], claims)
}

// signed returns a signed JWT.
func signed(algorithm jose.SignatureAlgorithm, key any, claims account) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	token, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	compact, err := token.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return compact
}

// unsigned returns a JWT with the algorithm none.
func unsigned(claims account) string {
	text, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
}

// publicBytes returns a public key as the bytes that a confused verifier would use as a shared secret.
func publicBytes(key jose.JSONWebKey) []byte {
	return x509.MarshalPKCS1PublicKey(&key.Key.(*rsa.PrivateKey).PublicKey)
}
