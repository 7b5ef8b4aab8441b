// Package server connects the network to the dialects.
//
// It owns routing, the client's address, limits, recovery from panics, and the
// one place where a response is written, counted and logged. It knows dialects
// as dialect.Dialect values. It does not know the settings file or the directory.
package server
