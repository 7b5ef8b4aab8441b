// Package mobileconfig serves iPhones, iPads and Macs: a configuration profile with
// a mail account, calendars and contacts, by Apple's device management schema.
//
// It owns the contents of a profile and its identity, so that a new download
// updates the account instead of adding a second one. A Signer signs it; the
// package does not know how. A profile never contains a password.
package mobileconfig
