// Package thunderbird is Thunderbird on a desktop: which URLs it asks, and how it
// reads autoconfig and Outlook's Autodiscover.
//
// It owns Thunderbird's rules, as in mail/components/accountcreation/modules of
// releases-comm-central (2026-08). It does not know any other client.
package thunderbird
