// Package dnsrecords says which DNS records lead mail clients of a domain to
// Waymark and to the services themselves, and prints them for zone files and
// for the tools that keep zones.
//
// It owns the names, the values and the output formats. It knows no file, no
// network and no dialect: the caller passes the bytes whose digest is published,
// and must check that the target of a record exists and is not an alias.
package dnsrecords
