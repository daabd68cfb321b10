package db

import (
	"testing"
	"time"
)

// TestMailClaims: one attempt at a time sends a mail. A claim that is renewed cannot be taken.
func TestMailClaims(t *testing.T) {
	d := openDB(t)
	m := &Mail{Kind: "welcome", ToEmail: "ada@example.com", Subject: "Welcome", TextBody: "text", HTMLBody: "html", CreatedAt: time.Now(), Claim: "request"}
	check(t, InsertMail(t.Context(), d, m))
	if left := time.Until(m.ClaimedUntil); m.ID == 0 || left < MailClaim/2 || left > 2*MailClaim {
		t.Fatalf("mail %d is claimed for %v", m.ID, left)
	}
	claim := func(abandoned, want string) *Mail {
		t.Helper()
		got := &Mail{ID: m.ID}
		check(t, d.ClaimMail(t.Context(), got, "job", abandoned))
		if got.Claim != want {
			t.Fatalf("the claim is %q, not %q", got.Claim, want)
		}
		return got
	}
	runOut := func() {
		_, err := d.NewRaw("UPDATE mails SET claimed_until = now() - interval '1 second' WHERE id = ?", m.ID).Exec(t.Context())
		check(t, err)
	}
	claim("", "request")
	claim("request", "request") // it lives
	runOut()
	claim("", "request") // it may live
	check(t, d.RenewMailClaim(t.Context(), m.ID, "request"))
	claim("request", "request")
	runOut()
	if got := claim("request", "job"); got.ToEmail != m.ToEmail || got.TextBody != "text" || time.Until(got.ClaimedUntil) < MailClaim/2 {
		t.Errorf("the mail is %+v", got)
	}
	check(t, d.ReleaseMail(t.Context(), m.ID, "request")) // of the dead attempt
	check(t, d.RenewMailClaim(t.Context(), m.ID, "request"))
	runOut()
	claim("request", "job")
	check(t, d.ReleaseMail(t.Context(), m.ID, "job"))
	sent := claim("", "job")
	sent.SentAt = time.Now()
	check(t, d.FinishMail(t.Context(), sent))
	claim("", "")
	claim("job", "")
}
