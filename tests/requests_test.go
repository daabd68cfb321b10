package tests

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// want returns the outcome of a call as this type, and fails the test if it has another.
func want[T client.Outcome](outcome client.Outcome, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		got, ok := outcome.(T)
		if !ok {
			text, _ := json.Marshal(outcome)
			t.Fatalf("the outcome is %T, not %T: %s", outcome, got, text)
		}
		return got
	}
}

// atOnce sends n requests at once, and counts the slugs of their answers.
func atOnce(t *testing.T, n int, send func(i int) (client.Outcome, error)) map[string]int {
	t.Helper()
	return slugsAtOnce(n, func(i int) string {
		outcome, err := send(i)
		if err != nil {
			t.Error(err)
			return err.Error()
		}
		return outcome.Slug()
	})
}

// slugsAtOnce is atOnce for requests that return the slug.
func slugsAtOnce(n int, send func(i int) string) map[string]int {
	slugs := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { slugs[i] = send(i) })
	}
	all.Wait()
	seen := map[string]int{}
	for _, slug := range slugs {
		seen[slug]++
	}
	return seen
}

// answer is a response as it came over the wire.
type answer struct {
	code   int
	header http.Header
	body   map[string]any
	text   string
}

func (a answer) status() string { s, _ := a.body["status"].(string); return s }

// params lists the param errors of an answer as "param rule".
func (a answer) params() string {
	var list []string
	errors, _ := a.body["errors"].([]any)
	for _, e := range errors {
		e := e.(map[string]any)
		list = append(list, e["param"].(string)+" "+e["rule"].(string))
	}
	return strings.Join(list, ", ")
}

// send sends a request that the client would not send. headers alternate names and values.
func (e *env) send(method, path string, body []byte, headers ...string) answer {
	e.t.Helper()
	a, err := e.trySend(e.t.Context(), method, path, body, headers...)
	check(e.t, err)
	return a
}

func (e *env) trySend(ctx context.Context, method, path string, body []byte, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := e.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answerOf(res, text), err
}

func answerOf(res *http.Response, text []byte) answer {
	a := answer{code: res.StatusCode, header: res.Header, text: string(text)}
	json.Unmarshal(text, &a.body)
	return a
}

func b64(text string) []byte { return []byte(base64.StdEncoding.EncodeToString([]byte(text))) }

// bearer returns the name and value of an Authorization header, or nothing without a token.
func bearer(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + token}
}
