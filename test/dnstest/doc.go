// Package dnstest is a DNS server on loopback for tests. It answers from zone
// text, can fail for single names, and records nothing. It does not know what the
// records are for.
package dnstest
