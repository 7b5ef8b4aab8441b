// Package apppassword asks an endpoint of the operator for a new password that one app
// of a person uses, after the person proved to know the password of the mailbox.
//
// It owns the signed request, the bounds of the answer, and what the log may contain of
// a failure. The URLs come from the settings file alone, so they may lead to private
// addresses; redirects are not followed. Nothing is stored, and no error contains a
// password, an address or what the endpoint sent.
//
// It does not check passwords, does not limit the requests of a client, and knows no
// pages.
package apppassword
