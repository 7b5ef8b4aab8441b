package clients

import (
	"net/http"
	"net/url"
)

// DAVDiscovery follows the answer of /.well-known/caldav or carddav as DAVx5
// and others do by RFC 6764 section 5: a redirect leads to where principals are
// found, with the method that was used; the user name is the address. The URL
// that was asked must be absolute.
func DAVDiscovery(asked string, status int, location, address string) (DAV, error) {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return DAV{}, refused("status %d is no redirect", status)
	}
	from, err := url.Parse(asked)
	if err != nil {
		return DAV{}, refused("the asked URL is none")
	}
	to, err := from.Parse(location)
	if err != nil || location == "" || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return DAV{}, refused("the redirect leads nowhere")
	}
	if to.String() == from.String() {
		return DAV{}, refused("the redirect leads to itself")
	}
	return DAV{to.String(), address}, nil
}
