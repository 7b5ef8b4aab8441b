package dialect

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// servicePrefixes are the host names below a customer's domain that clients
// make up themselves.
var servicePrefixes = [...]string{"autoconfig.", "autodiscover.", "ua-auto-config.", "mta-sts."}

// HostDomain returns the domain that the name of the server in the request
// stands for: the name itself, less the label that a client put in front
// (autoconfig.example.com asks about example.com). It is "" for an IP address
// or a malformed Host.
func HostDomain(r *http.Request) address.Domain {
	d := HostName(r)
	for _, prefix := range servicePrefixes {
		if rest, ok := strings.CutPrefix(string(d), prefix); ok && rest != "" {
			return address.Domain(rest)
		}
	}
	return d
}

// HostName returns the name by which the client reached the server, without a
// port; "" for an IP address or a malformed Host.
func HostName(r *http.Request) address.Domain {
	host := r.Host
	if strings.IndexByte(host, ':') >= 0 {
		name, _, err := net.SplitHostPort(host)
		if err != nil || host[0] == '[' { // brackets are for IPv6 addresses alone
			return ""
		}
		host = name
	}
	d, err := address.ParseDomain(host)
	if err != nil {
		return ""
	}
	return d
}

// Ask returns the query for an address from the request, or, when addr is
// empty, for the domain that the host name stands for.
func Ask(r *http.Request, addr string) (settings.Query, error) {
	if addr == "" {
		host := HostDomain(r)
		if host == "" {
			return settings.Query{}, settings.Errorf(settings.BadRequest, "name an address, or ask by a domain's host name: this one is not a domain")
		}
		return settings.Query{Host: host}, nil
	}
	a, err := address.Parse(addr)
	if err != nil {
		return settings.Query{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	return settings.Query{Domain: a.Domain, Address: a}, nil
}

// QueryAddress returns the first parameter of the query whose name is one of
// names, in any case, decoded once; "" when there is none. FairEmail and
// Nextcloud send addresses raw, so that a plus sign means itself here and not
// a space; and where a proxy has already made it a space, it is mended, since
// no address has a space before its @.
func QueryAddress(r *http.Request, names ...string) (string, error) {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if !matches(key, names) {
			continue
		}
		return decodeAddress(value)
	}
	return "", nil
}

// QueryAddresses returns every parameter of the query whose name is one of
// names, as QueryAddress does the first. Empty ones are left out.
func QueryAddresses(r *http.Request, names ...string) ([]string, error) {
	var all []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if !matches(key, names) {
			continue
		}
		addr, err := decodeAddress(value)
		if err != nil {
			return nil, err
		}
		if addr != "" {
			all = append(all, addr)
		}
	}
	return all, nil
}

func decodeAddress(value string) (string, error) {
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return "", settings.Errorf(settings.BadRequest, "the address in the query is not encoded correctly: %% must be followed by two hexadecimal digits")
	}
	return MendAddress(decoded), nil
}

// MendAddress takes white space off an address that somebody typed or a form
// sent, and makes a space a plus sign again: no address has a space before its
// @, and a plus sign that is not encoded reads as one in a form.
func MendAddress(addr string) string {
	return strings.ReplaceAll(strings.TrimSpace(addr), " ", "+")
}

func matches(key string, names []string) bool {
	for _, name := range names {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}
