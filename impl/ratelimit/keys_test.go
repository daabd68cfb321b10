package ratelimit

import (
	"bytes"
	"slices"
	"testing"
)

// TestKeysOfUsers finds the key of each limit of a mailbox among those that are deleted with its user.
func TestKeysOfUsers(t *testing.T) {
	const email = "ada.lovelace+tag@gmail.com"
	keys := append(MailKeys(email, []int64{3, 7}), PasswordKey(email))
	for name, limit := range map[string]Mailbox{
		"passwords": Passwords(30, 100), "links of 3": Links(3, 10).For(3), "links of 7": Links(0, 10).For(7), "notices": Notices, "summaries": Summaries,
		"changes of address": EmailChanges,
	} {
		key := limit.Key(email)
		if !slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, key[:]) }) {
			t.Errorf("the key of %s is missing", name)
		}
	}
	if len(keys) != 6 {
		t.Errorf("there are %d keys", len(keys))
	}
}
