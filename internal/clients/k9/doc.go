// Package k9 is Thunderbird for Android and its predecessor K-9 Mail: which URLs
// it asks, and how it reads autoconfig.
//
// It owns the rules of feature/autodiscovery of thunderbird-android (2026-08).
// The app asks neither for Autodiscover nor for DNS records other than MX.
package k9
