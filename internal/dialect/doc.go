// Package dialect is the contract between the server and the dialects of mail
// clients. A dialect is a Dialect value: its endpoints as data, and how it
// words an error. It reads a request, asks a Resolver for settings, renders
// them and returns a finished Response.
//
// It owns what an error means as a status, a metric and a log level, and how
// the domain is told from a request. It does not know the router, where
// settings come from, nor any dialect. Each dialect is a package below it that
// imports no other dialect.
package dialect
