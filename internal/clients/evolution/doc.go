// Package evolution is GNOME's Evolution: which URLs it asks, and how it reads
// autoconfig.
//
// It owns the rules of src/mail/e-mail-autoconfig.c (2026-08). Its Exchange plugin
// evolution-ews asks for Autodiscover, but only to find an Exchange account.
package evolution
