// Package ldapsource is a source of settings in an LDAP server: it searches for
// the entry of a domain or a mailbox and turns it into a record.
//
// It owns the search templates, the connections and the error messages about
// them. It caches no answer and does not know what a record is used for.
package ldapsource
