// Package dnslookup asks DNS resolvers for the records of a name, and reports what
// the resolver of Go hides: whether a name exists without such a record, which
// aliases lead to the answer, and whether it was validated.
//
// It owns the questions, retries and time-outs. It does not know what the records
// are for, keeps no answer, and passes no type of the DNS library on, except by
// Exchange, for a source that has retries of its own.
package dnslookup
