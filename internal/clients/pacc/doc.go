// Package pacc is a client of PACC, such as Himalaya: what it asks, and how it
// reads the JSON document.
//
// It owns the rules of draft-ietf-mailmaint-pacc, versions 02 and 03. It does not
// compare the digest of the document with DNS.
package pacc
