// Package lookup asks the places outside of the settings file who answers for
// a domain, in their order, and remembers what they said: so that a known
// domain costs no question, is asked about once however many want it, and
// stays answered while its source is down.
//
// It owns when a source is asked, how often and by how many at a time. It
// knows no database, and no provider: it holds records and the names of the
// sources that gave them, so that it outlives a reload of the settings file.
package lookup
