// Package certtest makes certificates for tests: authorities, the servers and
// signers below them, and the files that settings name. It does not know what
// they are for.
package certtest
