// Package address parses mail addresses and domain names into one canonical
// form: A-labels, lower case, no trailing dot.
//
// It owns the limits of RFC 5321 and IDNA. It does not know providers or
// protocols. Its errors never repeat the input, so that they are safe to log.
package address
