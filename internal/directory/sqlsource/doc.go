// Package sqlsource asks the operator's own SQL database for the settings of a
// domain or a mailbox, with queries that the operator wrote.
//
// It owns the placeholders, the read-only sessions, the time limit, and the
// words in which a database's errors are told. It does not know what a record
// means, nor keeps one: remembering answers is for its callers.
package sqlsource
