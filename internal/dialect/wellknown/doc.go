// Package wellknown redirects clients from the well-known URLs of a domain to its
// CalDAV, CardDAV and JMAP services (RFC 6764 section 5, RFC 8620 section 2.2).
//
// It owns the redirects. It does not serve DAV or JMAP.
package wellknown
