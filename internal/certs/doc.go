// Package certs reads certificates with their private keys from PEM files and
// keeps the certificates of the TLS listener, replacing them when their files change.
//
// It owns the key formats (PKCS#1, PKCS#8, SEC1), the order of a chain, the choice
// by the name that a client asks for, and the rule that an unusable pair never
// replaces a usable one. It does not know who
// watches the files or what a certificate is used for.
package certs
