// Package textfile reads, rewrites and writes the files that tests check. It does
// not know what is in them.
package textfile
