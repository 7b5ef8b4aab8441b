// Package mtasts serves the MTA-STS policy of a domain (RFC 8461), which mail servers
// that send to it obey.
//
// It owns the document. It does not know DNS, which tells senders that
// there is a policy, and when it changed.
package mtasts
