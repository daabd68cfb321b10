package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"hash/crc32"
	"strings"
)

// Kind says what a token stands for.
type Kind uint8

// The kinds of tokens.
const (
	Session     Kind = iota // a user's session
	Application             // an application, presented by its own server
	Link                    // a mailed link
	kindCount
)

var prefixes = [kindCount]string{Session: "plas_", Application: "plaa_", Link: "plal_"}

const (
	length       = 61 // characters, with the prefix
	randomBytes  = 32
	checksumSize = 3 // bytes
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New returns a new random token and its digest.
func New(kind Kind) (text string, digest [32]byte) {
	var bits [randomBytes + checksumSize]byte
	rand.Read(bits[:randomBytes])
	sum := checksum(kind, bits[:randomBytes])
	copy(bits[randomBytes:], sum[:])
	text = prefixes[kind] + encoding.EncodeToString(bits[:])
	return text, Digest(text)
}

// Digest returns the SHA-256 of a token, which is stored instead of the token.
func Digest(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// HasShape reports whether text has the prefix and the length of a kind. It is cheaper than WellFormed.
func HasShape(text string, kind Kind) bool {
	return len(text) == length && strings.HasPrefix(text, prefixes[kind])
}

// WellFormed reports whether text is a token of a kind with a valid checksum.
func WellFormed(text string, kind Kind) bool {
	if !HasShape(text, kind) {
		return false
	}
	bits, err := encoding.DecodeString(text[len(prefixes[kind]):])
	if err != nil || len(bits) != randomBytes+checksumSize { // the decoder skips line breaks
		return false
	}
	return [checksumSize]byte(bits[randomBytes:]) == checksum(kind, bits[:randomBytes])
}

// checksum returns the last 24 bits of a CRC-32 over prefix and random bits.
func checksum(kind Kind, bits []byte) [checksumSize]byte {
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(prefixes[kind])), crc32.IEEETable, bits)
	return [checksumSize]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}
}
