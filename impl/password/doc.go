// Package password hashes and verifies passwords, limits how many hashes run at once, and holds the policy
// for new passwords.
//
// The time of a refusal must not reveal who has an account. A password that does not match therefore takes at
// least as long as a hash of the current cost, even if no hash is stored. Only a costlier stored hash takes
// longer.
//
// Stored hashes are argon2id or bcrypt. Verify returns a new hash to replace one that is not of the current
// cost. Passwords are normalized to Unicode NFKC, so the same text typed on two keyboards is the same
// password.
//
// Hashing and scoring passwords are the server's most expensive work, so both need a slot of the Limiter.
// Passwords and hashes are never logged and never part of an error.
package password
