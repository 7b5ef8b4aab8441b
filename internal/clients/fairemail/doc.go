// Package fairemail is FairEmail for Android: which DNS records and URLs it asks,
// and how it reads autoconfig and Outlook's Autodiscover.
//
// It owns the rules of EmailProvider.java and Misc.java (2026-08). The app's
// built-in list of providers and its port scan are not modelled.
package fairemail
