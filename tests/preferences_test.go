package tests

import (
	"testing"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// TestPreferencesUpdate sets remember_me from a fresh session, and checks another session of the same user.
func TestPreferencesUpdate(t *testing.T) {
	t.Parallel()
	const day, moment = 24 * time.Hour, time.Millisecond
	rows := []struct {
		name          string
		remembered    bool          // before
		created, used time.Duration // how long ago, of the other session
		save          bool
		later         time.Duration // when the other session is read
		want          string
		kept          bool // the row of the other session
	}{
		{"true lifts both limits", false, time.Hour, time.Hour, true, 100 * day, "action-successful", true},
		{"true signs out what has passed the absolute limit", false, 7 * day, time.Hour, true, 0, "invalid-token", false},
		{"true signs out what has passed the idle limit", false, 3 * day, 3 * day, true, 0, "invalid-token", false},
		{"true leaves what is a moment before the absolute limit", false, 7*day - moment, time.Hour, true, 100 * day, "action-successful", true},
		{"true leaves what is a moment before the idle limit", false, 5 * day, 3*day - moment, true, 100 * day, "action-successful", true},
		{"true again signs nothing out, for nothing had ended", true, 29 * day, 20 * day, true, 0, "action-successful", true}, // later the clean-up deletes the stranger's
		{"false applies the absolute limit at once", true, 7 * day, time.Hour, false, 0, "session-expired", true},
		{"false applies the idle limit at once", true, 3 * day, 3 * day, false, 0, "session-expired", true},
		{"false leaves what lives by its own", true, time.Hour, time.Hour, false, 0, "action-successful", true},
		{"false brings the limits back", true, time.Hour, time.Hour, false, 3 * day, "session-expired", true},
		{"false again revives nothing", false, 3 * day, 3 * day, false, 0, "session-expired", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			now := time.Date(2026, 11, 22, 10, 38, 11, 0, time.UTC)
			e.clock.stop(now)
			email := e.user(person{client: true, rememberMe: row.remembered})
			stranger, other := e.user(person{client: true}), e.signIn(email)
			e.signIn(stranger)
			e.exec("UPDATE sessions SET created_at = $1, last_used_at = $2", now.Add(-row.created), now.Add(-row.used))
			fresh := e.signIn(email)

			saved := want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: row.save}, client.WithToken(fresh)))(t)
			read := want[client.PreferencesReadActionSuccessful](e.api.PreferencesRead(t.Context(), client.PreferencesReadParams{}, client.WithToken(fresh)))(t)
			if saved.Data.RememberMe != row.save || read.Data.RememberMe != row.save {
				t.Errorf("saved is %+v, read is %+v", saved.Data, read.Data)
			}
			if kept := e.count("sessions") == 3; kept != row.kept {
				t.Errorf("there are %d sessions", e.count("sessions"))
			}
			if e.count("users u JOIN sessions s ON s.user_id = u.id WHERE email = $1 AND NOT remember_me", stranger) != 1 {
				t.Error("it concerned a stranger too")
			}
			e.clock.stop(now.Add(row.later))
			if got := e.readAs("", other); got != row.want {
				t.Errorf("want %s, have %s", row.want, got)
			}
		})
	}
}

// TestPreferencesOfUsersWithoutRecords: users without a record have preferences too.
func TestPreferencesOfUsersWithoutRecords(t *testing.T) {
	t.Parallel()
	e := start(t)
	token := e.signIn(e.user(person{}))
	want[client.PreferencesUpdateActionSuccessful](e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: true}, client.WithToken(token)))(t)
	if read := want[client.PreferencesReadActionSuccessful](e.api.PreferencesRead(t.Context(), client.PreferencesReadParams{}, client.WithToken(token)))(t); !read.Data.RememberMe {
		t.Error("remember_me was not saved")
	}
}

// TestPreferencesRace sets true and false concurrently, again and again: a session that false has ended stays
// ended.
func TestPreferencesRace(t *testing.T) {
	t.Parallel()
	e := start(t)
	email := e.user(person{client: true})
	fresh := e.signIn(email)
	for range 20 {
		ended := e.signIn(email)
		e.exec("UPDATE users SET remember_me = true")
		e.exec("UPDATE sessions SET last_used_at = created_at - interval '4 days' WHERE id = (SELECT max(id) FROM sessions)")
		saved := make(chan client.Outcome, 2)
		for _, remember := range []bool{false, true} {
			go func() {
				outcome, err := e.api.PreferencesUpdate(t.Context(), client.PreferencesUpdateParams{RememberMe: remember}, client.WithToken(fresh))
				if err != nil {
					t.Error(err)
				}
				saved <- outcome
			}()
		}
		for range 2 {
			if outcome := <-saved; outcome.Slug() != "action-successful" {
				t.Errorf("saving answers %s", outcome.Slug())
			}
		}
		want := "session-expired"
		if e.count("users WHERE remember_me") == 1 { // true came last, and had to sign out what false had ended
			want = "invalid-token"
		}
		if got := e.readAs("", ended); got != want {
			t.Errorf("want %s, have %s", want, got)
		}
	}
}
