// Package databases starts real database servers for tests: on loopback, on a free
// port, in a temporary directory, under another user when the tests run as
// root. It never touches a server that it did not start, and skips a test when
// the programs are not installed. It knows nothing of what is asked of them.
package databases
