// Package kmail is the account wizard of KDE's KMail: which URLs it asks, and how
// it reads autoconfig.
//
// It owns the rules of kmail-account-wizard, src/ispdbservice.cpp and
// src/ispdb/ispdb.cpp (2026-08). The wizard reads no other format.
package kmail
