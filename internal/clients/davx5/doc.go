// Package davx5 is DAVx5 for Android: what it asks to find calendars and contacts,
// and how it follows the answer.
//
// It owns the bootstrapping of RFC 6764, sections 5 and 6, which other clients
// follow as well. It does not read calendars or contacts, and knows no mail.
package davx5
