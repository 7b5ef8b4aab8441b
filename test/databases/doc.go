// Package databases starts real database servers for tests: on loopback, on a free
// port, in a temporary directory, under another user when the tests run as
// root. It never touches a server that it did not start. It does not know what is
// asked of them.
package databases
