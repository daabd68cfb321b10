package db

import (
	"strings"

	"github.com/uptrace/bun/dialect/pgdialect"
)

// dialect is bun's, with literals that mean the same whatever standard_conforming_strings is: a string with a
// backslash is E'…', in which backslashes are doubled.
type dialect struct{ *pgdialect.Dialect }

func newDialect() dialect { return dialect{pgdialect.New()} }

// AppendString appends a literal of a string.
func (d dialect) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, '\\') < 0 {
		return d.Dialect.AppendString(b, s)
	}
	return d.Dialect.AppendString(append(b, 'E'), strings.ReplaceAll(s, `\`, `\\`))
}

// AppendBytes appends a literal of a bytea in hex.
func (d dialect) AppendBytes(b, bytes []byte) []byte {
	if bytes == nil {
		return d.Dialect.AppendBytes(b, nil)
	}
	begin := len(b) + len("E'")
	b = d.Dialect.AppendBytes(append(b, 'E'), bytes)
	b = append(b, 0)
	copy(b[begin+1:], b[begin:]) // the second backslash
	return b
}
