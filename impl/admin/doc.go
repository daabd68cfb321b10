// Package admin implements the administrative verbs of the planoauth command: applications and their tokens, clients,
// employees, people, companies, services, routes, notifications, migrate and deploy. The operations of the same names
// call what they share with the verbs, so that both follow the same rules.
//
// A verb that changes something saves an audit event of the command in the same transaction.
//
// Each function does its work in one statement or one transaction: it is done completely or not at all. All
// are safe to run beside running servers, which see the change within a second; no restart is needed.
//
// Errors are meant for the person at the terminal. An invalid argument is named as it was typed, such as
// --name or SLUG, with the rule that it breaks; values are never repeated, since a URL may contain a
// password. Errors of the database are returned unchanged.
//
// The package prints nothing and reads no environment variables; impl/planoauth does both.
package admin
