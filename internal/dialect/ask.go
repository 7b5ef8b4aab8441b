package dialect

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// servicePrefixes are the labels that clients put before a customer's domain.
var servicePrefixes = [...]string{"autoconfig.", "autodiscover.", "ua-auto-config.", "mta-sts."}

// HostDomain returns the domain that the host name of the request is about: the
// name without the label that a client put before it (autoconfig.example.com is
// about example.com). It is "" for an IP address or a malformed Host.
func HostDomain(r *http.Request) address.Domain {
	d := HostName(r)
	if domain, ok := ServiceDomain(d); ok {
		return domain
	}
	return d
}

// ServiceDomain returns the domain that a host name such as
// autoconfig.example.com serves. It is false for a name without such a label.
func ServiceDomain(host address.Domain) (address.Domain, bool) {
	for _, prefix := range servicePrefixes {
		if rest, ok := strings.CutPrefix(string(host), prefix); ok && rest != "" {
			return address.Domain(rest), true
		}
	}
	return "", false
}

// HostName returns the host name of the request without a port; "" for an IP
// address or a malformed Host.
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

// Ask returns the query for an address from the request, or, when addr is empty,
// for the domain of the host name. The error is a BadRequest.
func Ask(r *http.Request, addr string) (settings.Query, error) {
	if addr == "" {
		host := HostDomain(r)
		if host == "" {
			return settings.Query{}, settings.Errorf(settings.BadRequest, "the request has no address, and its host name is not a domain")
		}
		return settings.Query{Host: host}, nil
	}
	a, err := address.Parse(addr)
	if err != nil {
		return settings.Query{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	if a.Local == evolutionUser {
		return settings.Query{Domain: a.Domain}, nil
	}
	return settings.Query{Domain: a.Domain, Address: a}, nil
}

// evolutionUser is what Evolution sends in place of the local part. It fills in the
// placeholders of a document itself, so a document for this user would be wrong.
const evolutionUser = "EVOLUTIONUSER"

// CutParameter returns the encoded value of the first parameter of a query whose
// name is one of names, in any case, and the rest of the query after it: Outlook
// writes Protocol, others protocol.
func CutParameter(query string, names ...string) (value, rest string, found bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		for _, name := range names {
			if strings.EqualFold(key, name) {
				return value, query, true
			}
		}
	}
	return "", "", false
}

// QueryAddress returns the first such parameter of a request, decoded once; "" for
// none. FairEmail and Nextcloud do not encode addresses, so a plus sign is not a
// space here, and a space that a proxy made of it becomes a plus sign again.
func QueryAddress(r *http.Request, names ...string) (string, error) {
	value, _, _ := CutParameter(r.URL.RawQuery, names...)
	return decodeAddress(value)
}

// QueryAddresses returns every such parameter that is not empty.
func QueryAddresses(r *http.Request, names ...string) ([]string, error) {
	var all []string
	for value, rest, found := CutParameter(r.URL.RawQuery, names...); found; value, rest, found = CutParameter(rest, names...) {
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

// MendAddress trims white space and turns spaces into plus signs: no address has
// a space before its @, and an unencoded plus sign is decoded as a space in forms.
func MendAddress(addr string) string {
	return strings.ReplaceAll(strings.TrimSpace(addr), " ", "+")
}
