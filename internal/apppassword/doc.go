// Package apppassword requests a new password for one app of a person from an endpoint
// of the operator, after the person entered the right password of the mailbox.
//
// It owns the signed request, the bounds of the answer, and what the log may contain
// about a failure. The URLs come from the settings file alone, so they may lead to
// private addresses; redirects are not followed. Nothing is stored, and no error
// contains a password, an address or what the endpoint sent.
//
// It does not check passwords, does not limit the requests of a client, and knows no
// pages.
package apppassword
