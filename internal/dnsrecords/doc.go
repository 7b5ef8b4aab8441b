// Package dnsrecords says which DNS records lead mail clients of a domain to
// Waymark and to the services themselves, and prints them for zone files and
// for the tools that keep zones.
//
// It owns the names, the values and the output formats. It knows no file, no
// network and no dialect: the bytes whose digest is published are handed to it,
// and whether the target of a record exists, or is an alias, it cannot tell.
package dnsrecords
