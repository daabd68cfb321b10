// Package ratelimit limits how often an address may send requests, and how often something may be attempted
// for one mailbox.
//
// Addresses counts requests in memory, so that a request costs no statement. Replicas exchange their counts
// through the table address_requests, so they may together allow somewhat more than the limit between two
// exchanges. Counts survive a restart.
//
// A Mailbox limit counts failed passwords or requested links for one e-mail address, whether or not a user
// has it, in the table tries. It is exact: all replicas together never count more attempts than it allows.
// Network addresses from which the user has signed in are counted separately, so that strangers cannot lock
// the owner out.
//
// A count is kept for a network: an IPv4 address, or the /64 of an IPv6 address. Both limits return how long
// the caller has to wait; 0 means that the request is allowed.
package ratelimit
