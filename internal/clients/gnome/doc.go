// Package gnome is GNOME Online Accounts: which URLs it asks, and how it reads
// autoconfig.
//
// It owns the rules of src/goabackend/goamailclient.c and goadavclient.c
// (2026-08). What Evolution does without it is in the package evolution.
package gnome
