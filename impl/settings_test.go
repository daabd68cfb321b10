package impl

import (
	"strings"
	"testing"
)

// TestSettings has a row per rule; want is a part of the error, "" for none.
func TestSettings(t *testing.T) {
	valid := Settings{PublicURL: "https://auth.example", Argon2Memory: 8, Argon2Time: 1}
	for _, row := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"valid settings", func(*Settings) {}, ""},
		{"most hash slots", func(s *Settings) { s.HashWorkers = maxHashSlots }, ""},
		{"limits of links off", func(s *Settings) { s.ThrottleLinks = []int{0} }, ""},
		{"no passes", func(s *Settings) { s.Argon2Time = 0 }, "ARGON2_TIME"},
		{"too little memory", func(s *Settings) { s.Argon2Memory = 7 }, "ARGON2_MEMORY"},
		{"negative hash slots", func(s *Settings) { s.HashWorkers = -1 }, "HASH_WORKERS"},
		{"too many hash slots", func(s *Settings) { s.HashWorkers = maxHashSlots + 1 }, "HASH_WORKERS"},
		{"three limits of links", func(s *Settings) { s.ThrottleLinks = []int{1, 2, 3} }, "THROTTLE_LINKS"},
		{"negative limit of links", func(s *Settings) { s.ThrottleLinks = []int{1, -2} }, "THROTTLE_LINKS"},
		{"negative limit of requests", func(s *Settings) { s.ThrottleAddress = -1 }, "THROTTLE_ADDRESS"},
		{"negative limit of passwords", func(s *Settings) { s.ThrottlePasswords = -1 }, "THROTTLE_PASSWORDS"},
		{"public URL without a scheme", func(s *Settings) { s.PublicURL = "auth.example" }, "PUBLIC_URL"},
		{"public URL of another scheme", func(s *Settings) { s.PublicURL = "ftp://auth.example" }, "PUBLIC_URL"},
		{"Google without a secret", func(s *Settings) { s.GoogleClientID = "id" }, "GOOGLE_CLIENT_SECRET must be set together"},
	} {
		settings := valid
		row.change(&settings)
		err := settings.check()
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error is %v, want %q", row.name, err, row.want)
		}
	}
}
