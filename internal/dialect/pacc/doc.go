// Package pacc answers clients that read draft-ietf-mailmaint-pacc: one JSON
// document for a domain, the same for everybody, whose digest stands in DNS.
//
// It owns the document and its bytes, which must not change between requests,
// replicas and restarts. It does not know DNS.
package pacc
