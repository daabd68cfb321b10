// Package token makes and checks PlanoAuth's tokens.
//
// A token is a prefix for its kind and 56 characters of lower-case base32: 256 random bits and a checksum of
// 24. It contains only letters, digits and one underscore, so a double click selects all of it.
//
// Store the digest of a token, never the token. The checksum lets a mistyped token be refused without a
// query. It does not prove that the token was issued.
//
// All functions are safe for concurrent use.
package token
