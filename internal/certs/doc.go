// Package certs keeps the certificate of the TLS listener: read from files,
// and exchanged when they change.
//
// It owns the rule that a pair which cannot be used never replaces one that
// can. It knows neither who watches the files nor who serves with them.
package certs
