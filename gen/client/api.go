// Package client calls PlanoAuth. It hides base64, answers with a type for each status slug, and tries again what is worth it.
//
// # Lists
//
// Methods such as [API.SessionsIndexAll] ask for page after page, until one is not full; the params may say with which page to
// begin, and how many rows a page has, which is else the largest number that the server allows. An outcome that is no success ends
// them: it comes as the error of the last element. Pages are counted from the start of the list. A row that is added there
// meanwhile moves another into the next page, so that it is seen twice; one that is removed makes another go unseen. So collect
// the rows before you change them.
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

// API calls PlanoAuth. Its methods answer with the outcome of the operation, whose type tells the status slug;
// an error means that there was no answer of the contract at all. Whoever wants refusals as errors passes a call to [Only].
type API struct {
	// HTTP makes the requests.
	HTTP *Client

	// Retries is how many times a request is sent again whose outcome the catalogue of statuses marks as worth it: 2 after
	// [New], never when 0. The pauses are as long as the server asks for, and else from 0.1 s on, each twice as long as the
	// last. The outcome is returned at once, its RetryAfter with it, where the server asks for more than 10 s or the context
	// would end earlier; so it is when the context ends the pause.
	//
	// A request without any answer is not sent again, since it may have been carried out; nor is one whose outcome says that
	// it was, as [SessionsCreateMandrillEmailFailed] does. One that met an [ApplicationCrash] is, and where the crash came
	// after the work, the next answer may be a refusal such as [EmailAlreadyRegistered].
	Retries int
}

// New is a client of the server at this URL. It follows no redirects, which would carry passwords elsewhere, and it sets no
// bound but the context's to the time of a call; another http.Client comes by [WithHTTPClient].
func New(server string, options ...ClientOption) (*API, error) {
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	c, err := NewClient(server, append([]ClientOption{WithHTTPClient(own)}, options...)...)
	return &API{HTTP: c, Retries: 2}, err
}

// WithToken presents the token of a session or an application with the request.
func WithToken(token string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// Outcome is an answer of PlanoAuth. Each but a success is also an error.
type Outcome interface {
	// Slug is the value of status.
	Slug() string
}

// Only is the outcome of a call if it is a T; any other is the error, of its own type, so that errors.As finds it there with all
// that it carries:
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

// refusal is the text of an outcome that is an error.
func refusal(slug, message, requestID string) string {
	return fmt.Sprintf("%s: %s (request %s)", slug, message, requestID)
}

// answer is an HTTP answer that has the envelope of the contract.
type answer struct {
	operation  string
	code       int
	status     string
	retryAfter time.Duration
	body       []byte
}

// undocumented is the error of an answer whose status the operation does not have.
func (a answer) undocumented() error {
	return fmt.Errorf("%s: HTTP status %d with the undocumented status %q", a.operation, a.code, a.status)
}

// call sends a request, again where that is worth it. Each time send makes it anew.
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

// pause waits before another try, a little longer than asked, since all that were refused together would come back together.
// It is false where there should be no other try.
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

// read takes an HTTP answer apart.
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

// as reads an answer as an outcome of this type.
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

// rows asks for page after page, until one is not full.
func rows[Row any](page Page, largest int, ask func(Page) ([]Row, error)) iter.Seq2[Row, error] {
	page.Number = max(page.Number, 1)
	if page.Size == 0 {
		page.Size = largest
	}
	return func(yield func(Row, error) bool) {
		for page := page; ; page.Number++ {
			some, err := ask(page)
			for _, row := range some {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				var none Row
				yield(none, err)
				return
			}
			if len(some) < page.Size {
				return
			}
		}
	}
}
