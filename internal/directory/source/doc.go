// Package source holds what a place outside the settings file can say about a
// domain or a mailbox: the record, and the names of the columns that make one.
//
// It knows no database and no directory server; each of those has a package of
// its own beside this one, and says what it found in these words.
package source
