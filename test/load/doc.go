//go:build linux

// Command load compares Waymark with a bare net/http server that writes as many
// bytes, and with other servers that are running. It owns its load generator, the
// bare server, the goals and the floors. It does not know how Waymark works: it
// builds it, starts it and sends requests. Run it with "make load".
package main
