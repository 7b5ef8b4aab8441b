// Package pemfile reads certificates and private keys from PEM files, and says
// in plain words what is wrong with them.
//
// It owns the forms of keys (PKCS#1, PKCS#8, SEC1), the order of a chain and
// whether key and certificate fit. It does not know what they are used for.
package pemfile
