// Package mobileconfig answers iPhones, iPads and Macs: one configuration
// profile with a mail account, calendars and contacts, as Apple's device
// management schema describes its payloads.
//
// It owns what is in a profile and how it is identified, so that a new download
// updates the account instead of making a second one. It asks a Signer for the
// signature and does not know how one is made. No profile ever holds a
// password.
package mobileconfig
