// Package passwordcheck tries the password of a mailbox once at the mail
// server of its provider, over TLS, and says in one word what came of it.
//
// It owns the choice of the service, just enough of IMAP, POP3 and SMTP to log
// in, the limits on tries, and the padding that makes every answer take the
// same steps of time. It connects only to hosts and ports that the operator's
// settings name, never to what a visitor types. Where a host contains
// {domain} and there is a catch-all, the visitor's domain is a part of the name.
// So private, loopback and link-local addresses are refused by default, at the
// moment of connecting, after the last DNS lookup.
//
// Neither a password nor an address gets into an error, a log or anything that
// is kept. The package knows nothing of HTTP, pages or clients: the caller
// limits each client.
package passwordcheck
