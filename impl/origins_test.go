package impl

import (
	"strconv"
	"testing"
	"time"
)

// TestOriginLog: each origin is logged once a minute, and the memory for them is bounded.
func TestOriginLog(t *testing.T) {
	log, began := &originLog{}, time.Date(2031, 5, 1, 10, 0, 0, 0, time.UTC)
	rows := []struct {
		origin string
		after  time.Duration
		due    bool
	}{
		{"https://a.example", 0, true},
		{"https://a.example", 59 * time.Second, false},
		{"https://b.example", 59 * time.Second, true},
		{"https://a.example", 60 * time.Second, true},
		{"https://b.example", 60 * time.Second, false},
		{"https://a.example", 119 * time.Second, false},
	}
	for _, row := range rows {
		if due := log.due(row.origin, began.Add(row.after)); due != row.due {
			t.Errorf("%s after %v is due: %t", row.origin, row.after, due)
		}
	}
	began = began.Add(time.Hour)
	for i := range 100_000 {
		log.due("https://"+strconv.Itoa(i)+".example", began.Add(time.Duration(i)*time.Microsecond))
	}
	if len(log.last) != maxLoggedOrigins {
		t.Errorf("%d origins are kept", len(log.last))
	}
	if !log.due("https://a.example", began.Add(2*time.Minute)) {
		t.Error("after the flood nothing is logged")
	}
	if len(log.last) > 2 {
		t.Errorf("%d origins are kept after they lost their use", len(log.last))
	}
}

func TestLoopbackOrigins(t *testing.T) {
	for origin, loopback := range map[string]bool{
		"http://localhost": true, "http://localhost:3000": true, "https://localhost:3000": true, "http://127.0.0.1:5173": true, "http://[::1]:3000": true,
		"http://localhost.evil.example": false, "http://evil.example": false, "null": false, "": false, "localhost": false, "http://": false,
		"file://localhost": false, "http://localhost/": false, "http://user@localhost": false, "http://10.0.0.1": false,
	} {
		if got := isLoopbackOrigin(origin); got != loopback {
			t.Errorf("%s is a loopback origin: %t", origin, got)
		}
	}
}
