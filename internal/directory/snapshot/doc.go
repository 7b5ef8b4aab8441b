// Package snapshot keeps the answers of sources in a file, so that a restart while
// a source is down serves what was known.
//
// It owns the file: its form, its version, and that it is replaced as a whole and
// readable by its owner only. The file has domains, addresses and settings, and no
// password. The package does not know sources, or when to read and write.
package snapshot
