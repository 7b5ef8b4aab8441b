// Package acme gets TLS certificates on demand from an ACME authority (RFC 8555) and
// renews them.
//
// It owns the decision which names are ordered and when: the permission of the
// caller, a DNS look-up, the budgets, and the waits after failures. It owns the
// contents of the storage, and the rule that an existing certificate is served
// whatever else is down. It does not know where the settings of a domain come from,
// or who listens.
package acme
