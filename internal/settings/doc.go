// Package settings is the one canonical model of a mail service: which
// services a provider offers, how a person logs in, and who answers for a
// domain. Every renderer reads it, every source of settings fills it.
//
// It owns the vocabulary (the values of the settings file), the invariants and
// the kinds of error. It knows no file format, no network and no protocol of a
// mail client: words such as SSL, %EMAILADDRESS% or EmailAuthPassword belong to
// the renderers.
package settings
