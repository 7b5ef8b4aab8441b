// Package directory says who answers for a domain: the domains listed in the
// settings file, then the catch-all, if there is one.
//
// It owns the order of these sources. It knows no protocol and no file format;
// what it is given never changes, so that a reload makes a new Directory.
package directory
