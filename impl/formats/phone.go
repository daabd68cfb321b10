package formats

import "github.com/nyaruka/phonenumbers"

// NormalizePhone returns a phone number in E.164, and whether such a number is possible. A number without a
// country code is read as one of the USA. An impossible number is returned unchanged.
func NormalizePhone(text string) (e164 string, possible bool) {
	number, err := phonenumbers.Parse(text, "US")
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return text, false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}
