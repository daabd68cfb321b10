package formats

import "strings"

// Mailbox returns the address of the mailbox that mail to a normalized e-mail address reaches: without a tag
// after a plus sign and, at Gmail, without dots. Addresses of one mailbox may belong to different users.
func Mailbox(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	if tag := strings.IndexByte(local, '+'); tag > 0 {
		local = local[:tag]
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}
