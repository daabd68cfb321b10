package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	hang      = 6 * time.Second  // longer than this is no answer
	mostPause = 10 * time.Second // after which a request is given up
)

// answer is what came of one request. Its slug is "" where there was none.
type answer struct {
	envelope
	began, ended time.Time
}

// done reports whether the answer says that the request was done.
func (a answer) done() bool {
	return a.Status == "action-successful" || a.Status == "mandrill-email-failed" || a.Status == "client-required"
}

// sensitive are the operations whose params are sent as base64.
var sensitive = map[string]bool{"/api/v1/clients/register": true, "/api/v1/sessions/create": true, "/api/v1/users/password_update": true}

// call makes one request, and counts what is wrong with its answer. A request that is neither done nor
// refused with one of the expected slugs has failed, which it may only while the fault lasts.
func (l *load) call(address, method, path, bearer string, params any, expected ...string) (a answer) {
	body, err := json.Marshal(params)
	check(err)
	contentType := "application/json"
	if sensitive[path] {
		body, contentType = []byte(base64.StdEncoding.EncodeToString(body)), "text/plain"
	}
	ctx, cancel := context.WithTimeout(context.Background(), mostPause)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address+path, bytes.NewReader(body))
	check(err)
	req.Header.Set("Content-Type", contentType)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	a.began = time.Now()
	res, err := l.http.Do(req)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	a.ended = time.Now()
	wrong := ""
	if err == nil {
		if json.Unmarshal(text, &a.envelope) != nil {
			a.envelope = envelope{}
			wrong = "no JSON, with the code " + res.Status
		} else {
			wrong = l.spec.undocumented(method, path, res.StatusCode, a.envelope)
		}
		// A proxy's own answer is none of the server's.
		if res.Header.Get(frontHeader) != "" {
			a.envelope, wrong = envelope{}, ""
		}
	}
	l.judge(path, a, wrong, err, expected)
	if wrong != "" {
		a.Status = ""
	}
	return a
}

// cause is an error without the URL, which says nothing.
func cause(err error) string {
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

func (l *load) judge(path string, a answer, wrong string, err error, expected []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Requests++
	took := a.ended.Sub(a.began)
	l.slowest = max(l.slowest, took)
	if wrong == "" && took > hang {
		wrong = fmt.Sprintf("no answer within 6 s, but after %.0f s", took.Seconds())
	}
	if wrong != "" {
		l.Failed++
		l.Undocumented++
		l.say("undocumented: %s gives %s", path, wrong)
		return
	}
	for _, slug := range expected {
		if a.Status == slug {
			return
		}
	}
	if a.done() {
		return
	}
	l.Failed++
	if l.mayFail(a.began, a.ended) {
		return
	}
	l.Broken++
	if what := a.Status; what != "" {
		l.say("broken: %s answers %s when nothing is wrong", path, what)
	} else if err != nil {
		l.say("broken: %s has no answer when nothing is wrong: %s", path, cause(err))
	} else {
		l.say("broken: %s is not answered by any replica", path)
	}
}
