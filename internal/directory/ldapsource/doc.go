// Package ldapsource is a source of settings in an LDAP server: it finds the
// entry of a domain or of a mailbox and reads a record out of it.
//
// It owns the filters with their placeholders, the connections and the words
// for what goes wrong with them. It remembers no answer, and does not know
// what a record is used for.
package ldapsource
