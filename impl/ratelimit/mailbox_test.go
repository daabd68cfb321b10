package ratelimit

import (
	"testing"
	"time"

	"github.com/planoauth/planoauth/db"
)

func TestWait(t *testing.T) {
	t.Parallel()
	const here, there = 7, 8
	by := func(network int64, ages ...time.Duration) (made []db.Attempt) {
		for _, age := range ages {
			made = append(made, db.Attempt{At: minute.Add(-age), Network: network})
		}
		return made
	}
	for _, row := range []struct {
		name     string
		limit    Mailbox
		attempts []db.Attempt
		known    bool
		want     time.Duration
	}{
		{"no attempts", Passwords(2, 9), nil, false, 0},
		{"fewer than allowed", Passwords(2, 9), by(here, time.Minute), false, 0},
		{"as many as allowed", Passwords(2, 9), by(here, 50*time.Minute, time.Minute), false, 10 * time.Minute},
		{"as many from another network", Passwords(2, 9), by(there, 50*time.Minute, time.Minute), false, 0},
		{"as many from all together", Passwords(9, 2), by(there, 50*time.Minute, time.Minute), false, 10 * time.Minute},
		{"three times as many from all together", Passwords(1), by(there, 50*time.Minute, 40*time.Minute, time.Minute), false, 10 * time.Minute},
		{"strangers' attempts do not count for a known network", Passwords(9, 2), by(there, 50*time.Minute, time.Minute), true, 0},
		{"a known network has a limit of its own", Passwords(2, 9), by(-here, 50*time.Minute, time.Minute), true, 10 * time.Minute},
		{"attempts of a known network do not count for strangers", Passwords(9, 2), by(-there, 50*time.Minute, time.Minute), false, 0},
		{"more than allowed, after the limit was lowered", Passwords(2, 9), by(here, 50*time.Minute, 40*time.Minute, time.Minute), false, 20 * time.Minute},
		{"the first exactly an hour ago", Passwords(2, 9), by(here, time.Hour, time.Minute), false, 0},
		{"no limit", Passwords(0), by(here, time.Minute, time.Minute, time.Minute), false, 0},
		{"a limit of all together only", Passwords(0, 2), by(here, 50*time.Minute, time.Minute), false, 10 * time.Minute},
		{"a limit of each network only", Passwords(2, 0), by(there, time.Minute, time.Minute, time.Minute), false, 0},
		{"links within 10 minutes", Links(1, 3), by(there, 4*time.Minute), false, 6 * time.Minute},
		{"links within a day", Links(1, 2), by(there, 20*time.Hour, 40*time.Minute), false, 20 * time.Minute},
		{"links beyond a day's, an hour after the last", Links(1, 2), by(there, 20*time.Hour, time.Hour), false, 0},
		{"links within both", Links(1, 2), by(there, 20*time.Hour, time.Minute), false, 59 * time.Minute},
		{"links within a day, of which one is almost over", Links(1, 2), by(there, 24*time.Hour-time.Minute, 30*time.Minute), false, time.Minute},
		{"links, limited for a day only", Links(0, 1), by(there, time.Minute), false, 59 * time.Minute},
		{"links, limited for 10 minutes only", Links(1), by(there, time.Minute), false, 9 * time.Minute},
		{"links of strangers, to a known network", Links(1, 3), by(there, 4*time.Minute), true, 0},
		{"links of a known network", Links(1, 3), by(-here, 4*time.Minute), true, 6 * time.Minute},
	} {
		if got := row.limit.Wait(row.attempts, here, row.known, minute); got != row.want {
			t.Errorf("%s: the wait is %v, not %v", row.name, got, row.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := map[[32]byte]bool{}
	for _, limit := range []Mailbox{Passwords(1), Links(1), Links(1).For(1), Links(1).For(2), Notices, Summaries, Registrations(1)} {
		for _, email := range []string{"ada@example.com", "grace@example.com"} {
			keys[limit.Key(email)] = true
		}
	}
	if len(keys) != 7*2 {
		t.Errorf("there are %d different keys", len(keys))
	}
	for _, row := range []struct {
		name  string
		limit Mailbox
		same  bool
	}{{"mails", Links(1), true}, {"notices", Notices, true}, {"passwords", Passwords(1), false}} {
		if same := row.limit.Key("ada@example.com") == row.limit.Key("ada+order@example.com"); same != row.same {
			t.Errorf("%s to an address with a tag count as those to the mailbox: %v", row.name, same)
		}
	}
}
