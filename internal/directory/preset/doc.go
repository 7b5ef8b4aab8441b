// Package preset holds the queries and searches for the databases and LDAP
// servers of well-known mail systems.
//
// It owns what is known of their schemas. It does not know how a source connects
// or what the answers are used for.
package preset
