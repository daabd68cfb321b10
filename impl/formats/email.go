package formats

import (
	"regexp"
	"strings"
)

// emailPattern is the pattern of HTML's input type=email, with a top-level domain required. It is ASCII only,
// so that lower-casing never makes two people's addresses equal.
var emailPattern = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" +
	`([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])$`)

// CheckEmail accepts an e-mail address, with or without white space around it.
func CheckEmail(text string) error {
	if !emailPattern.MatchString(strings.TrimSpace(text)) {
		return errFormat
	}
	return nil
}

// NormalizeEmail returns an e-mail address in the form in which it is stored and compared: trimmed and in
// lower case.
func NormalizeEmail(text string) string { return strings.ToLower(strings.TrimSpace(text)) }
