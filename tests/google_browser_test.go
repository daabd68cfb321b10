package tests

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
	"github.com/planoauth/planoauth/impl"
)

// withGoogle configures the provider with this issuer.
func withGoogle(issuer string) func(*options) {
	return withSettings(func(s *impl.Settings) {
		s.GoogleClientID, s.GoogleClientSecret, s.GoogleIssuer = "google-client", "google-secret", issuer
	})
}

// account holds the claims of a Google account.
type account map[string]any

// orderURL is the URL of planoorder where a test runs orderSQL.
const (
	orderURL = "https://order.example/start"
	orderSQL = "UPDATE applications SET url = '" + orderURL + "' WHERE slug = 'planoorder'"
)

// provider is the certified OIDC provider of the npm package oidc-provider, run by node.
type provider struct {
	issuer string // "" where node is not installed
	node   *exec.Cmd
	in     io.Closer // while it is open, the provider runs
}

// installPackages installs the dependencies of the TypeScript package once, unless they are installed.
var installPackages = sync.OnceValue(func() error {
	if _, err := os.Stat("../gen/ts/node_modules/oidc-provider"); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	install.Dir = "../gen/ts"
	if text, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, text)
	}
	return nil
})

// oidcProvider starts the provider once for all tests. It ends with this process.
var oidcProvider = sync.OnceValues(func() (p provider, _ error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Printf("google: %s is not installed, so a small provider of the tests' own stands in\n", tool)
			return p, nil
		}
	}
	if err := installPackages(); err != nil {
		return p, err
	}
	var trouble bytes.Buffer
	p.node = exec.Command("node", "test/provider.mjs", cheapSettings.PublicURL+"/google/callback")
	p.node.Dir, p.node.Stderr = "../gen/ts", &trouble
	in, noIn := p.node.StdinPipe()
	out, noOut := p.node.StdoutPipe()
	if err := errors.Join(noIn, noOut, p.node.Start()); err != nil {
		return p, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return p, fmt.Errorf("the provider does not start: %w\n%s", errors.Join(err, p.node.Wait()), trouble.String())
	}
	fmt.Println("google: oidc-provider on node")
	p.in, p.issuer = in, strings.TrimSpace(line)
	return p, nil
})

// realGoogle returns the issuer of the certified provider or, without node, of the tests' own.
func realGoogle(t testing.TB) string {
	t.Helper()
	p, err := oidcProvider()
	check(t, err)
	if p.issuer == "" {
		return startIssuer(t).url
	}
	return p.issuer
}

// flow is a sign-in with Google: what the page has that started it, and what it got back.
type flow struct {
	client.GoogleAuthorization
	code, refusal string // Google's
	landed        *url.URL
}

func (f *flow) params() client.SessionsGoogleCreateParams {
	return client.SessionsGoogleCreateParams{Code: f.code, State: f.State, Verifier: f.Verifier}
}

// beginGoogle starts a sign-in to planoorder.
func (e *env) beginGoogle() *flow {
	e.t.Helper()
	return e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoorder"})
}

func (e *env) beginGoogleFor(params client.SessionsGoogleAuthorizeParams) *flow {
	e.t.Helper()
	begun := want[client.SessionsGoogleAuthorizeActionSuccessful](e.api.SessionsGoogleAuthorize(e.t.Context(), params))(e.t)
	return &flow{GoogleAuthorization: begun.Data}
}

// browse goes to Google in a new browser, signs in as an account (nil refuses), and returns to the page that
// started the flow.
func (e *env) browse(f *flow, as account) *flow {
	e.t.Helper()
	res := e.visit(f.URL, as)
	landed, err := res.Location()
	check(e.t, err)
	f.landed, f.code, f.refusal = landed, landed.Query().Get("code"), landed.Query().Get("error")
	if res.StatusCode != http.StatusSeeOther || landed.Query().Get("state") != f.State || f.code == "" && f.refusal == "" {
		e.t.Fatalf("the callback answers %d to %s", res.StatusCode, landed)
	}
	e.t.Cleanup(func() {
		log := e.logs.String()
		for _, secret := range []string{f.code, f.State, f.Verifier, "google-secret", "eyJ"} {
			if secret != "" && strings.Contains(log, secret) {
				e.t.Errorf("the log has %s", secret)
			}
		}
	})
	return f
}

// visit follows redirects until the callback has answered, and returns that answer.
func (e *env) visit(target string, as account) *http.Response {
	e.t.Helper()
	jar, err := cookiejar.New(nil)
	check(e.t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 10 {
		target = strings.Replace(target, cheapSettings.PublicURL+"/", e.url+"/", 1)
		if strings.Contains(target, "/interaction/") {
			target += "?account=" + as.text(e.t)
		}
		res, err := browser.Get(target)
		check(e.t, err)
		res.Body.Close()
		if strings.HasPrefix(target, e.url+"/") {
			return res
		}
		next, err := res.Location()
		if err != nil {
			e.t.Fatalf("%s answers %d without a way on", target, res.StatusCode)
		}
		target = next.String()
	}
	e.t.Fatalf("the redirects do not end: %s", target)
	return nil
}

func (a account) text(t testing.TB) string {
	if a == nil {
		return "deny"
	}
	text, err := json.Marshal(a)
	check(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// googleSignIn runs a whole sign-in to planoorder as an account.
func (e *env) googleSignIn(as account, with ...client.RequestEditorFn) client.Outcome {
	e.t.Helper()
	outcome, err := e.api.SessionsGoogleCreate(e.t.Context(), e.browse(e.beginGoogle(), as).params(), with...)
	check(e.t, err)
	return outcome
}

// linkExample fills in a code, a state and a verifier of a Google account that Ada can be linked to.
func linkExample(e *env, params map[string]any) {
	e.t.Helper()
	f := e.browse(e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoauth"}), account{"sub": "ada", "email": "ada@gmail.com", "email_verified": true})
	params["code"], params["state"], params["verifier"] = f.code, f.State, f.Verifier
}

// googleExample fills in a code, a state and a verifier that sign in Ada, the client whom prepare inserts.
// The environment needs withGoogle.
func googleExample(e *env, params map[string]any) {
	e.t.Helper()
	e.exec("UPDATE users SET google_subject = 'ada' WHERE email = 'ada@example.com'")
	f := e.browse(e.beginGoogleFor(client.SessionsGoogleAuthorizeParams{Application: "planoauth"}), account{"sub": "ada"})
	params["code"], params["state"], params["verifier"] = f.code, f.State, f.Verifier
}
