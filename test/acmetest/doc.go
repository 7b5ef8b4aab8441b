// Package acmetest runs an ACME authority inside a test: Let's Encrypt's Pebble, with
// a DNS of its own, on loopback. It does not know who orders certificates.
package acmetest
