// Package passwordcheck tries the password of a mailbox once at the mail
// server of its provider, over TLS, and returns a verdict.
//
// It owns the choice of the service, the parts of IMAP, POP3 and SMTP that log
// in, the limits on tries, and the padding that hides how long the server took.
// It connects only to hosts and ports in the operator's settings, never to what
// a visitor types. But a host may contain {domain}, and with a catch-all the
// visitor chooses the domain. So private, loopback and link-local addresses are
// refused unless Options allow them. That happens when the socket connects, so
// that no second DNS lookup can return another address.
//
// No error, log or stored value contains a password or an address. The package
// does not know HTTP or pages, and does not limit the requests of a client.
package passwordcheck
