// Package mxsource is a source of settings that goes by MX records: a domain
// whose mail is delivered to a provider's host gets that provider's settings.
//
// It owns the host name patterns and the queries to resolvers. It caches no
// answer and does not know what a provider is.
package mxsource
