// Package server is everything between the network and the dialects: routing,
// the client's address, limits, recovering, writing, counting and logging. Each
// request ends in one place, with one answer, one count and one log line.
//
// It knows dialects only as dialect.Dialect values. It knows no settings file
// and does not look anything up.
package server
