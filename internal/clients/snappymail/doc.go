// Package snappymail is the plug-in login-autoconfig of the webmail SnappyMail:
// which URLs it asks, and how it reads autoconfig.
//
// It owns the rules of plugins/login-autoconfig (2026-08). SnappyMail reads the
// document on the server; the browser asks nothing.
package snappymail
