// Package page is the set-up page for people: the steps for their device and app
// with their own values, a table of all settings, the Apple profile, QR codes,
// invitations, a password check, and for the owner of a domain what works for it.
//
// It owns the contents of the page; the texts are in package i18n. Addresses are
// posted or sealed in the token of a URL, which keeps them out of logs. It uses the
// same Resolver as the dialects, and does not know them, except for the path of
// the Apple profile.
package page
