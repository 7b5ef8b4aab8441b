// Package acme gets TLS certificates on demand from an ACME authority (RFC 8555) and
// renews them.
//
// It owns which name may have an order and when: the permission of the caller, a DNS
// look-up, the budgets, and the waits after failures. It owns what is kept in the
// storage, and that a certificate which exists is served whatever is down. It does
// not know where the settings of a domain come from, or who listens.
package acme
