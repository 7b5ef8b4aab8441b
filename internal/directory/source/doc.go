// Package source defines what a source of settings outside the settings file
// returns and how it is configured: the record, the names of its columns, and the
// options of each kind of source.
//
// It knows no database and no LDAP server: each kind of source has its own
// package beside this one.
package source
