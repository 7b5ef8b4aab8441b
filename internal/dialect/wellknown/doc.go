// Package wellknown sends clients from the well-known URLs of a domain to where
// its calendars, contacts and JMAP session are (RFC 6764 section 5, RFC 8620
// section 2.2).
//
// It owns the redirects. It answers no DAV and no JMAP itself.
package wellknown
