// Package k9 is Thunderbird for Android, and K-9 Mail from which it stems: which
// URLs it asks, and how it reads autoconfig.
//
// It owns the rules of feature/autodiscovery of thunderbird-android (2026-08).
// The app neither asks for Autodiscover nor for DNS records other than MX.
package k9
