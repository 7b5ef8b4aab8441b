// Package directory says who answers for a domain: the domains listed in the
// settings file, then the sources outside of it, then the catch-all, if there
// is one.
//
// It owns this order, and makes settings out of what a source says. It knows
// no protocol and no file format, and no database: package lookup asks the
// sources and remembers. What it is given never changes, so that a reload
// makes a new Directory.
package directory
