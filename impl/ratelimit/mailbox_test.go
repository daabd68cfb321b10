package ratelimit

import (
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	t.Parallel()
	ago := func(ages ...time.Duration) (times []time.Time) {
		for _, age := range ages {
			times = append(times, minute.Add(-age))
		}
		return times
	}
	for _, row := range []struct {
		name     string
		limit    Mailbox
		attempts []time.Time
		want     time.Duration
	}{
		{"no attempts", Passwords(2), nil, 0},
		{"fewer than allowed", Passwords(2), ago(time.Minute), 0},
		{"as many as allowed", Passwords(2), ago(50*time.Minute, time.Minute), 10 * time.Minute},
		{"more than allowed, after the limit was lowered", Passwords(2), ago(50*time.Minute, 40*time.Minute, time.Minute), 20 * time.Minute},
		{"the first exactly an hour ago", Passwords(2), ago(time.Hour, time.Minute), 0},
		{"no limit", Passwords(0), ago(time.Minute, time.Minute, time.Minute), 0},
		{"links within 10 minutes", Links(1, 3), ago(4 * time.Minute), 6 * time.Minute},
		{"links within a day", Links(1, 2), ago(20*time.Hour, time.Hour), 4 * time.Hour},
		{"links within both", Links(1, 2), ago(20*time.Hour, time.Minute), 4 * time.Hour},
		{"links, limited for a day only", Links(0, 1), ago(time.Minute), 24*time.Hour - time.Minute},
		{"links, limited for 10 minutes only", Links(1), ago(time.Minute), 9 * time.Minute},
	} {
		if got := row.limit.Wait(row.attempts, minute); got != row.want {
			t.Errorf("%s: the wait is %v, not %v", row.name, got, row.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := map[[32]byte]bool{}
	for _, limit := range []Mailbox{Passwords(1), Links(1)} {
		for _, email := range []string{"ada@example.com", "grace@example.com"} {
			for _, network := range []string{"203.0.113.7", "203.0.113.8"} {
				strangers, known := limit.Keys(email, network)
				keys[strangers], keys[known] = true, true
			}
		}
	}
	if len(keys) != 2*2*(1+2) { // kinds, mailboxes; strangers share one key, known networks have their own
		t.Errorf("there are %d different keys", len(keys))
	}
}
