// Package page is the set-up assistant for people: the steps for their device
// and their app with their own values filled in, all settings in a table, the
// Apple profile with a QR code, invitations, and a check of the password.
//
// It owns what is shown and in which order; the words are in package texts.
// Addresses are posted or sealed in a token, so that they stay out of URLs and
// logs. It asks the same Resolver as the dialects and knows none of them but
// the address of the profile.
package page
