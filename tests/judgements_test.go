package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

func TestPasswordsJudge(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.exec("INSERT INTO users (email, first_name, last_name) VALUES ('hopper@example.com', 'Mauchlyana', 'Grace')")
	e.exec("INSERT INTO clients (user_id) SELECT id FROM users")
	token := e.session("hopper@example.com", "planoorder")
	rows := []struct {
		name   string
		params client.PasswordsJudgeParams
		token  string
		rules  string
	}{
		{"a good one", client.PasswordsJudgeParams{Password: "nanoseconds on a wire"}, "", ""},
		{"a short one", client.PasswordsJudgeParams{Password: "xK7-q"}, "", "minLength"},
		{"a common one", client.PasswordsJudgeParams{Password: "password1"}, "", "guessable"},
		{"the name of a stranger", client.PasswordsJudgeParams{Password: "mauchlyana1"}, "", ""},
		{"the person's own name", client.PasswordsJudgeParams{Password: "mauchlyana1", FirstName: "Mauchlyana"}, "", "own_words"},
		{"the person's own last name", client.PasswordsJudgeParams{Password: "mauchlyana1", LastName: "Mauchlyana"}, "", "own_words"},
		{"the person's own address, half typed", client.PasswordsJudgeParams{Password: "mauchlyana1", Email: "mauchlyana@"}, "", "own_words"},
		{"the name of the session's user", client.PasswordsJudgeParams{Password: "mauchlyana1"}, token, "own_words"},
	}
	for _, row := range rows {
		var with []client.RequestEditorFn
		if row.token != "" {
			with = append(with, client.WithToken(row.token))
		}
		data := want[client.PasswordsJudgeActionSuccessful](e.api.PasswordsJudge(t.Context(), row.params, with...))(t).Data
		if strings.Join(data.Rules, " ") != row.rules || data.Acceptable != (row.rules == "") || data.Rules == nil {
			t.Errorf("%s: %+v", row.name, data)
		}
	}
	if logs := e.logs.String(); strings.Contains(logs, "mauchlyana") {
		t.Error("the log has a password")
	}
}

// TestJudgingIsLimited: an address may ask 60 times a minute, whatever else is limited.
func TestJudgingIsLimited(t *testing.T) {
	t.Parallel()
	e := start(t, withSettings(behindProxy))
	e.clock.stop(time.Now())
	judge := func(address string) string {
		outcome, err := e.api.PasswordsJudge(t.Context(), client.PasswordsJudgeParams{Password: "x"}, from(address))
		check(t, err)
		return outcome.Slug()
	}
	for i := range 60 {
		if slug := judge("192.0.2.1"); slug != "action-successful" {
			t.Fatalf("the request %d is %s", i, slug)
		}
	}
	if slug := judge("192.0.2.1"); slug != "rate-limit-exceeded" {
		t.Errorf("over the limit it is %s", slug)
	}
	if slug := judge("192.0.2.2"); slug != "action-successful" {
		t.Errorf("from another address it is %s", slug)
	}
	e.clock.stop(e.clock.now().Add(time.Minute))
	if slug := judge("192.0.2.1"); slug != "action-successful" {
		t.Errorf("a minute later it is %s", slug)
	}
}

// TestJudgingWaitsForASlot: behind a full queue it is refused.
func TestJudgingWaitsForASlot(t *testing.T) {
	t.Parallel()
	changes, hold, release := heldHashes(t)
	e := start(t, changes...)
	hold()
	answers := make(chan string, 66)
	for i := range 66 {
		go func() { answers <- e.guess(fmt.Sprintf("user%d@example.org", i), "x", "") }()
	}
	if slug := <-answers; slug != "server-busy" {
		t.Errorf("the first answer is %s", slug)
	}
	want[client.ServerBusy](e.api.PasswordsJudge(t.Context(), client.PasswordsJudgeParams{Password: "x"}))(t)
	release()
	for range 65 {
		<-answers
	}
}
