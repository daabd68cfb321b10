package formats

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const northAmerica = 1 // country code of the numbers that people also spell with letters

// NormalizePhone returns a phone number in E.164, and whether such a number is possible. A number without a
// country code is read as one of the USA. An impossible number is returned unchanged, and so is one of which
// E.164 would lose a part, such as an extension.
func NormalizePhone(text string) (e164 string, possible bool) {
	number, err := phonenumbers.Parse(text, "US")
	if err != nil || number.GetExtension() != "" || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return text, false
	}
	if !wholeNumber(text, number) {
		return text, false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// wholeNumber reports whether all of a text is the number that was read from it. The library skips words before
// a number and parameters behind it, and reads letters as digits. Letters count only where the length of numbers
// is fixed.
func wholeNumber(text string, number *phonenumbers.PhoneNumber) bool {
	letter, digit := strings.IndexFunc(text, unicode.IsLetter), strings.IndexFunc(text, unicode.IsDigit)
	switch {
	case strings.Contains(text, ";"):
		return false
	case letter < 0:
		return true
	case letter < digit:
		return false
	}
	digits := phonenumbers.NormalizeDigitsOnly(phonenumbers.ConvertAlphaCharactersInNumber(text))
	return number.GetCountryCode() == northAmerica && strings.HasSuffix(digits, phonenumbers.GetNationalSignificantNumber(number))
}
