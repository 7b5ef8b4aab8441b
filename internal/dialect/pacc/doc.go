// Package pacc serves draft-ietf-mailmaint-pacc: one JSON document per domain, the
// same for every mailbox, whose digest is published in DNS.
//
// It owns the document and its bytes, which must not change between requests,
// replicas and restarts. It does not know DNS.
package pacc
