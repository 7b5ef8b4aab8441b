// Package settings is the canonical model of a mail service: the services of a
// provider, their logins, and the provider of a domain. Every source of settings
// fills it, and every dialect renders it.
//
// It owns the vocabulary (the values of the settings file), the invariants and
// the kinds of error. It does not know file formats, the network or the dialects
// of mail clients: words such as SSL, %EMAILADDRESS% or EmailAuthPassword belong
// to the dialects.
package settings
