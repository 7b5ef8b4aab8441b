// Package files reads files that settings or a command line name, and never waits
// for them forever: not for the writer of a pipe, not for a device, not for a file
// system that does not answer. It also writes the few small files that Waymark
// keeps, as a whole or not at all.
//
// It owns what may be read and for how long. It does not know what the files
// mean.
package files
