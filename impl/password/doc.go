// Package password hashes and verifies passwords, limits how many hashes run at once, and holds the policy
// for new passwords.
//
// The time of a refusal must not reveal who has an account. A password that does not match therefore takes at
// least as long as a hash of the current cost, even if no hash is stored. Only a costlier stored hash takes
// longer. One that is not in its normal form takes two hashes, whatever is stored.
//
// Stored hashes are argon2id or bcrypt. Verify returns a new hash to replace one that is not of the current
// cost. Passwords are normalized to Unicode NFKC, so the same text typed on two keyboards is the same
// password. Imported hashes may be of the text as typed; Verify tries that too, and renews them.
//
// Hashing is the server's most expensive work, so it needs a slot of the Limiter. So does Check, which takes a
// small part of a hash's time at worst. Client addresses share the slots fairly, and one cannot fill the queue.
//
// Check estimates guesses as zxcvbn does, with its word lists and formulas, but only for what can make a password
// weak.
// Passwords and hashes are never logged and never part of an error.
package password
