// Package dnsrecords computes the DNS records that point mail clients of a domain
// to Waymark and to the services, and prints them for zone files and zone tools.
//
// It owns the names, the values and the output formats. It knows no file, no
// network and no dialect: the caller passes the bytes whose digest is published,
// and must check that the target of a record exists and is not an alias.
package dnsrecords
