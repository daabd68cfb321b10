package formats

import "testing"

func TestMailbox(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"ada@example.com":         "ada@example.com",
		"ada+order@example.com":   "ada@example.com",
		"ada+a+b@example.com":     "ada@example.com",
		"+ada@example.com":        "+ada@example.com",
		"a.da@example.com":        "a.da@example.com",
		"a.d.a+x@gmail.com":       "ada@gmail.com",
		"ada@googlemail.com":      "ada@gmail.com",
		"ada@notgmail.com":        "ada@notgmail.com",
		"ada.lovelace@gmail.com":  "adalovelace@gmail.com",
		"ada+b@sub.example.co.uk": "ada@sub.example.co.uk",
	} {
		if got := Mailbox(email); got != want {
			t.Errorf("the mailbox of %s is %s", email, got)
		}
	}
}
