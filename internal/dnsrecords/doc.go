// Package dnsrecords computes the DNS records that point mail clients of a domain
// to Waymark and to the services, prints them for zone files and zone tools, and
// compares them with those that are published.
//
// It owns the names, the values, the output formats and what counts as a
// difference. It knows no file and no dialect: the caller passes the bytes whose
// digest is published, and must check that the target of a record exists and is
// not an alias.
package dnsrecords
