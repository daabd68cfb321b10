// Package client calls PlanoAuth. It encodes sensitive bodies, has a type for each status slug, and retries
// requests that may work later.
//
// # Lists
//
// Methods such as [API.SessionsIndexAll] request page after page, until one is not full. The params may set
// the first page and the size of the pages, which is otherwise the largest that the server allows. An outcome
// that is no success ends the iteration, as the error of the last element.
//
// Pages are counted from the start of the list. If a row is added there meanwhile, another row is seen twice;
// if one is removed, another row is missed. So collect all rows before you change them.
package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// API calls PlanoAuth. Its methods return the outcome of the operation, with a type for each status slug. An
// error means that there was no documented answer. To get refusals as errors, pass a call to [Only].
type API struct {
	// HTTP makes the requests.
	HTTP *Client

	// Retries is how often a request is sent again after an outcome whose x-retry is later: 2 after [New].
	// The pauses are as long as the server asks for, otherwise 0.1 s at first and then twice as long each
	// time. If the server asks for more than 10 s, or the context would end earlier, the outcome is returned
	// at once, with its RetryAfter.
	//
	// A request without an answer is not sent again, because it may have been carried out. Nor is one whose
	// outcome says that it was, such as [SessionsCreateMandrillEmailFailed]. After an [ApplicationCrash] it
	// is sent again. If the crash came after the work, the next answer may be a refusal such as
	// [EmailAlreadyRegistered].
	Retries int
}

// New returns a client of the server at this URL. It follows no redirects, which would carry passwords
// elsewhere. Only the context limits the time of a call. [WithHTTPClient] sets another http.Client.
func New(server string, options ...ClientOption) (*API, error) {
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	c, err := NewClient(server, append([]ClientOption{WithHTTPClient(own)}, options...)...)
	return &API{HTTP: c, Retries: 2}, err
}

// WithToken sends the token of a session or an application with the request.
func WithToken(token string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// Outcome is an answer of PlanoAuth. Each one but a success is also an error.
type Outcome interface {
	// Slug is the value of status.
	Slug() string
}

// Only returns the outcome of a call if it is a T. Any other outcome is returned as the error, so that
// errors.As finds it with all its fields:
//
//	signedIn, err := client.Only[client.SessionsCreateActionSuccessful](auth.SessionsCreate(ctx, params))
func Only[T Outcome](outcome Outcome, err error) (T, error) {
	only, ok := outcome.(T)
	if err != nil || ok {
		return only, err
	}
	if refusal, ok := outcome.(error); ok {
		return only, refusal
	}
	return only, fmt.Errorf("the outcome is a %T, not a %T", outcome, only)
}

// refusal returns the error text of an outcome.
func refusal(slug, message, requestID string) string {
	return fmt.Sprintf("%s: %s (request %s)", slug, message, requestID)
}

// answer is an HTTP answer with the envelope of PlanoAuth.
type answer struct {
	operation  string
	code       int
	status     string
	retryAfter time.Duration
	body       []byte
}

// undocumented returns the error for an answer whose status the operation does not list.
func (a answer) undocumented() error {
	return fmt.Errorf("%s: HTTP status %d with the undocumented status %q", a.operation, a.code, a.status)
}

// call sends a request, and retries it where that may help. Each time send makes a new request.
func (a *API) call(ctx context.Context, operation string, send func() (*http.Response, error)) (answer, error) {
	for try := 0; ; try++ {
		answer, err := read(send())
		if err != nil {
			return answer, fmt.Errorf("%s: %w", operation, err)
		}
		answer.operation = operation
		if try >= a.Retries || !retryable[answer.status] || !pause(ctx, answer.retryAfter, try) {
			return answer, nil
		}
	}
}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// pause waits before a retry, a little longer than asked, so that clients that were refused together do not
// return together. It returns false if there should be no retry.
func pause(ctx context.Context, asked time.Duration, try int) bool {
	own := firstPause << min(try, 6)
	wait := asked + own + rand.N(own)
	if deadline, ok := ctx.Deadline(); asked > longestPause || ok && time.Until(deadline) < wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// read parses an HTTP answer.
func read(res *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	var envelope struct{ Status string }
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Status == "" {
		return answer{}, fmt.Errorf("HTTP status %d without an envelope", res.StatusCode)
	}
	seconds, _ := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 31)
	return answer{code: res.StatusCode, status: envelope.Status, retryAfter: time.Duration(seconds) * time.Second, body: body}, nil
}

// as decodes an answer as an outcome of this type.
func as[T any](a answer) (T, error) {
	var outcome T
	if err := json.Unmarshal(a.body, &outcome); err != nil {
		return outcome, fmt.Errorf("%s: the status %s: %w", a.operation, a.status, err)
	}
	return outcome, nil
}

func encodeSensitive(params any) (contentType string, body io.Reader, err error) {
	text, err := json.Marshal(params)
	if err != nil {
		return "", nil, err
	}
	encoded := base64.StdEncoding.EncodeToString(text)
	return "text/plain", bytes.NewReader([]byte(encoded)), nil
}

// rows requests page after page, each after the one before, until there is no next one.
func rows[Row any](ask func(after string) (page []Row, next string, _ error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for after := ""; ; {
			page, next, err := ask(after)
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				var none Row
				yield(none, err)
				return
			}
			if next == "" {
				return
			}
			after = next
		}
	}
}
