// Package mxsource is a source of settings in DNS: a domain whose mail goes to
// a host of a provider has the settings of that provider.
//
// It owns the patterns of host names and the questions to resolvers. It
// remembers no answer, and does not know what a provider is.
package mxsource
