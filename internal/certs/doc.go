// Package certs reads certificates with their private keys from PEM files and
// keeps the certificate of the TLS listener, replacing it when its files change.
//
// It owns the key formats (PKCS#1, PKCS#8, SEC1), the order of a chain, and the
// rule that an unusable pair never replaces a usable one. It does not know who
// watches the files or what a certificate is used for.
package certs
