// Package snapshot keeps the answers of sources in a file, so that known answers
// are served after a restart while a source is down.
//
// It owns the file: its form, its version, and that it is replaced as a whole and
// readable by its owner only. The file has domains, addresses and settings, and no
// password. The package does not know sources, or when to read and write.
package snapshot
