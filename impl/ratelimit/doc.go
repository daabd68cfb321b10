// Package ratelimit limits how often an address may send requests, and how often something may be attempted
// for one mailbox.
//
// Addresses counts requests in memory, so that a request costs no statement. Replicas exchange their counts
// through the table address_requests, so they may together allow somewhat more than the limit between two
// exchanges. Counts survive a restart. The memory is bounded, whatever is sent.
//
// A Mailbox limit counts failed passwords, requested links or notices for one e-mail address, whether or not a
// user has it, in one row of the table tries. It is exact: all replicas together never count more attempts than
// it allows. Network addresses from which the user has signed in are limited apart, so that strangers cannot
// lock the owner out. UnknownMailboxes limits the rows for addresses that no user has.
//
// MadeUpTokens keeps tokens that somebody has made up from costing a look-up each.
//
// A count is kept for a network: an IPv4 address, or the /64 of an IPv6 address. The limits return how long the
// caller has to wait; 0 means that the request is allowed.
package ratelimit
