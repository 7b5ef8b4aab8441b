// Package deltachat is Delta Chat: which URLs it asks, and how it reads autoconfig
// and Outlook's Autodiscover.
//
// It owns the rules of chatmail/core, src/configure.rs and src/configure/
// (2026-08). The core's built-in list of providers is not modelled.
package deltachat
