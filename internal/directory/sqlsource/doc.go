// Package sqlsource looks up domains and mailboxes in an SQL database with
// queries of the operator or of a preset.
//
// It owns the placeholders, the read-only sessions, the time-out and the error
// messages of databases. It does not know what a record means and caches nothing.
package sqlsource
