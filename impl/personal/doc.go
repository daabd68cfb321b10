// Package personal knows everything that is stored about a person: it exports and deletes it, for the operations
// and for the command.
//
// A table that refers to users must be exported here, unless it holds only digests and secrets. What has no foreign
// key to users is deleted here: attempts for the mailbox, jobs with the address, and mails from before mails had a
// user. Tests in tests/ fail for a table, or a field, that this package has forgotten.
package personal
