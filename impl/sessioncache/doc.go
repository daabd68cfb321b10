// Package sessioncache keeps the sessions that session checks have read, so that a later check of the same
// session needs no statement. It also collects the last-used updates of sessions and writes them in batches.
//
// # Invariant
//
// Find returns a session only if reading it from the database now would give the same row, except for:
//   - changes committed after confirmedUntil, a time that the listener moves forward. While it cannot,
//     entries are served for Intervals.Unconfirmed at most.
//   - changes that no trigger announces, such as those made while triggers are disabled. They count after
//     Intervals.MaxAge at the latest.
//   - a later last_used_at that another replica has written. Find returns no session that looks expired, so
//     it is read again.
//
// Changes made through this replica count at once: it calls Forget before it answers.
//
// # Clocks
//
// All times are those of Options.Now, this replica's own clock; Postgres' clock is never compared with it.
// Postgres delivers notifications in the order of their commits. The listener sends itself heartbeats that
// carry their time of sending: when one arrives, every invalidation that was committed before it was sent has
// arrived too, and confirmedUntil moves to that time.
//
// # Rules for code that writes
//
//  1. A column or table that the outcome of a session check depends on is watched by a trigger that notifies
//     db.UsersChannel of the users concerned (notify_users in the migrations).
//  2. A handler that changes such rows calls Forget for the users after the commit and before it answers.
//     In package impl, it appends them to call.changed.
//
// Sessions that a Cache returns are shared by all callers, who must not modify them.
package sessioncache
