// Package address reads mail addresses and domain names and brings them into
// one canonical form: A-labels, lower case, no trailing dot.
//
// It knows the limits of RFC 5321 and IDNA. It does not know who answers for a
// domain, nor any protocol. Its errors never repeat the address they refuse,
// so that they are safe to log.
package address
