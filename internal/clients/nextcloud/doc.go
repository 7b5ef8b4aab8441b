// Package nextcloud is Nextcloud Mail: which URLs it asks, and how it reads
// autoconfig.
//
// It owns the rules of nextcloud/mail, lib/Service/AutoConfig/IspDb.php (2026-08).
// What the app guesses when no URL answers is not modelled.
package nextcloud
