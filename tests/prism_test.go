package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// prism is Prism, run by node as a proxy that validates requests and answers against an OpenAPI document.
type prism struct {
	url *url.URL

	mu     sync.Mutex
	passed map[string]int // the successes that came through it, by method and path
}

// startPrism starts Prism with a document. It skips the test where Prism is not installed.
func startPrism(t *testing.T, document string) *prism {
	t.Helper()
	const modules = "../.ci/prism/node_modules/"
	about, err := os.ReadFile(modules + "@stoplight/prism-cli/package.json")
	if errors.Is(err, os.ErrNotExist) {
		fmt.Println("prism: none")
		t.Skip("prism is not installed: npm --prefix .ci/prism ci")
	}
	var version struct{ Version string }
	check(t, errors.Join(err, json.Unmarshal(about, &version)))

	// Prism has one upstream. This one forwards to the server that a request names.
	servers := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: r.In.Header.Get(serverHeader)})
		r.Out.Header.Del(serverHeader)
	}})
	t.Cleanup(servers.Close)

	var trouble bytes.Buffer
	node := exec.Command(modules+".bin/prism", "proxy", document, servers.URL, "--port", "0", "--cors", "false")
	node.Stderr = &trouble
	out, err := node.StdoutPipe()
	check(t, errors.Join(err, node.Start()))
	lines := bufio.NewReader(out)
	t.Cleanup(func() { node.Process.Kill(); node.Wait() })
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("prism does not start: %v %s %s", err, line, trouble.String())
		}
		if found := regexp.MustCompile(`listening on (http://\S+)`).FindStringSubmatch(line); found != nil {
			go io.Copy(io.Discard, lines) // otherwise Prism would block on its log
			fmt.Println("prism:", version.Version)
			address, err := url.Parse(found[1])
			check(t, err)
			return &prism{url: address, passed: map[string]int{}}
		}
	}
}

// serverHeader names the server that a request is for.
const serverHeader = "X-Server"

// through puts Prism between the client and the server.
func through(p *prism) func(*options) { return func(o *options) { o.through = p } }

// proxied sends requests through Prism, and reports the violations that it finds.
type proxied struct {
	prism  *prism
	next   http.RoundTripper
	report func(...any)
}

func (p *proxied) RoundTrip(req *http.Request) (*http.Response, error) {
	again := req.Clone(req.Context())
	again.Header.Set(serverHeader, req.URL.Host)
	again.URL.Host, again.Host = p.prism.url.Host, ""
	res, err := p.next.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		p.prism.mu.Lock()
		p.prism.passed[req.Method+" "+req.URL.Path]++
		p.prism.mu.Unlock()
	}
	found := res.Header.Get("sl-violations")
	if found == "" {
		return res, nil
	}
	var violations []struct {
		Location []string
		Message  string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil { // there are too many for a header
		p.report(req.URL.Path, found)
	}
	for _, v := range violations {
		// An invalid request may be sent, but must be refused.
		if v.Location[0] != "request" || res.StatusCode == http.StatusOK {
			p.report(req.URL.Path, res.StatusCode, v.Location, v.Message)
		}
	}
	return res, nil
}

// TestPrismLong has Prism validate an account's lifecycle, and a success and refusals of each operation.
func TestPrismLong(t *testing.T) {
	t.Parallel()
	p := startPrism(t, "../openapi.yaml")
	t.Run("all", func(t *testing.T) {
		t.Run("whole life", func(t *testing.T) {
			t.Parallel()
			accountLifecycle(start(t, through(p), withSQL(orderSQL), withGoogle(realGoogle(t))))
		})
		for _, o := range specOperations() {
			t.Run(o.id, func(t *testing.T) {
				t.Parallel()
				showPrism(startFor(t, o, through(p)), o)
			})
		}
	})
	for _, o := range specOperations() {
		if p.passed[o.method+" "+o.path] == 0 {
			t.Errorf("no success of %s came through prism", o.id)
		}
	}
}

// showPrism makes an operation answer what one server can show one after the other, in the order of the
// steps. Prism does not forward a body that is no JSON.
func showPrism(e *env, o *specOperation) {
	e.firstCleanUp() // which would delete the states of Google while the clock is moved
	v := prepare(e, o)
	shown := []string{
		"route-non-existent", "invalid-content-type", "invalid-token", "session-expired", "client-required", "missing-param", "invalid-param",
		"permission-denied", "application-crash",
	}
	for _, step := range commonSteps {
		if !step.concerns(o) || !slices.Contains(shown, step.slug) {
			continue
		}
		request := *v
		request.params = maps.Clone(v.params)
		if a := step.send(&request, e); a.status() != step.slug {
			e.t.Errorf("when %s the answer is %s", step.when, a.text)
		}
		for _, statement := range step.undo {
			e.exec(statement)
		}
		e.clock.offset.Store(0)
	}
	if a := v.send(e); a.status() != "action-successful" {
		e.t.Errorf("the example of the spec answers %s", a.text)
	}
}

// TestPrismFindsDifferencesLong: where the document and the server differ, Prism reports it.
func TestPrismFindsDifferencesLong(t *testing.T) {
	t.Parallel()
	document := string(readFile(t, "../openapi.yaml"))
	for was, is := range map[string]string{
		"                  - {$ref: '#/components/schemas/EmailNotFound'}\n": "", // of sessions/create, the first operation that lists it
		"    Id:\n      type: integer":                                       "    Id:\n      type: string",
		"description: The params of sessions/read.\n":                        "description: The params of sessions/read.\n      required: [view]\n",
	} {
		if !strings.Contains(document, was) {
			t.Fatalf("openapi.yaml has no %q any more: disagree about something else", was)
		}
		document = strings.Replace(document, was, is, 1)
	}
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	check(t, os.WriteFile(file, []byte(document), 0o644))
	wire := &proxied{prism: startPrism(t, file), next: http.DefaultTransport}
	e := start(t)
	token := e.signIn(e.user(person{client: true}))
	e.http.Transport = wire
	rows := []struct {
		name string
		send func() answer
		want string
	}{
		{"a slug that the operation does not list", func() answer {
			return e.send("POST", "/api/v1/sessions/create", b64(`{"email":"nobody@example.com","password":"x","application":"planoorder"}`), "Content-Type", "text/plain")
		}, "400 [response body]"},
		{"another type, and a param that is not required", func() answer {
			return e.send("POST", "/api/v1/sessions/read", []byte("{}"), append(bearer(token), "Content-Type", "application/json")...)
		}, "200 [request body] Request body must have required property 'view'; 200 [response body data id] Response body property data.id must be string; "},
		{"no disagreement", func() answer {
			return e.send("POST", "/api/v1/sessions/read", []byte(`{"view":"simple"}`), "Content-Type", "application/json")
		}, ""},
	}
	for _, row := range rows {
		var found []string
		wire.report = func(what ...any) { found = append(found, strings.TrimSpace(fmt.Sprintln(what[1:]...))) }
		a := row.send()
		if have := strings.Join(found, "; "); row.want == "" && have != "" || !strings.HasPrefix(have, row.want) {
			t.Errorf("%s: prism says %q of %s", row.name, have, a.text)
		}
	}
}
