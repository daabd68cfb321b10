// Package formats holds the formats of texts that people and operators type: e-mail addresses, phone numbers,
// URLs and names.
//
// Every function is pure and safe for concurrent use. A function named Check returns an error for a text that
// is not in the format; its message never repeats the text. A function that normalizes accepts any text, so
// check it first.
//
// openapi.yaml states which param has which format. The formats "email" and "redirect-url" there are
// CheckEmail and CheckRedirectURL here; package validation connects them.
package formats

import "errors"

var errFormat = errors.New("not in this format")
