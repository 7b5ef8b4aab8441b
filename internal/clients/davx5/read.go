package davx5

import (
	"net/http"
	"net/url"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Read follows the answer of /.well-known/caldav or carddav as DAVx5 and other
// clients do (RFC 6764 section 5): a redirect leads to the collection, and the
// user name is the address. The asked URL must be absolute.
func Read(asked string, status int, location, address string) (client.DAV, error) {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return client.DAV{}, client.Rejected("status %d is not a redirect", status)
	}
	from, err := url.Parse(asked)
	if err != nil {
		return client.DAV{}, client.Rejected("the asked URL is malformed")
	}
	to, err := from.Parse(location)
	if err != nil || location == "" || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return client.DAV{}, client.Rejected("the redirect has no usable target")
	}
	if to.String() == from.String() {
		return client.DAV{}, client.Rejected("the redirect leads to itself")
	}
	return client.DAV{URL: to.String(), User: address}, nil
}
