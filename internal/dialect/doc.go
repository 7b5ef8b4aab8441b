// Package dialect is the contract between the server and the dialects of mail
// clients. A dialect is a Dialect value: its endpoints as data, its renderer, and
// how it formats errors. It parses a request, asks a Resolver for settings,
// renders them and returns a finished Response.
//
// It owns the meaning of an error as a status, a metric and a log level, how a
// request names a domain, and the cache of documents. It does not know the
// router, the source of settings or any dialect. Each dialect is a package below
// it that imports no other dialect.
package dialect
