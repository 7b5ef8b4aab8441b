package settings

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// sampleDomain takes the place of {domain} while a template is checked.
const sampleDomain = "domain.placeholder.example"

// ParseHost brings a host name, in which {domain} may stand for the customer's
// domain, into canonical form: A-labels in lower case. Host names of services
// must be names, because certificates of mail servers name no addresses.
func ParseHost(s string) (string, error) {
	if s == "" {
		return "", errors.New("the host is empty")
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return "", errors.New("the host is an IP address; mail clients need the name that the server's certificate has")
	}
	if strings.Contains(s, "://") || strings.ContainsAny(s, "/:") {
		return "", errors.New("the host must be a bare name such as mail.example.com, without scheme, port or path")
	}
	d, err := address.ParseDomain(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	if err != nil {
		return "", errors.New("the host is not a valid host name such as mail.example.com")
	}
	return strings.ReplaceAll(string(d), sampleDomain, domainPlaceholder), nil
}

// ParseURL checks the URL of a service and brings its host name into canonical
// form. It must be absolute, https or http, and hold no user name, query or
// fragment: clients add their own. The path is kept as it is written.
func ParseURL(s string) (string, error) {
	u, err := url.Parse(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the url must be absolute, such as https://dav.example.com/")
	case u.User != nil:
		return "", errors.New("the url must not hold a user name or a password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("the url must not hold a query or a fragment")
	case strings.Contains(u.Path, "//") || strings.ContainsAny(u.Path, "\x00\r\n"):
		return "", errors.New("the path of the url is not valid")
	}
	host, err := address.ParseDomain(u.Hostname())
	if err != nil {
		return "", errors.New("the host of the url is not a valid host name")
	}
	port := u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	u.Host = string(host)
	if port != "" {
		u.Host += ":" + port
	}
	return strings.ReplaceAll(u.String(), sampleDomain, domainPlaceholder), nil
}
