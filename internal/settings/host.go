package settings

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// sampleDomain replaces {domain} while a template is checked.
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
	if !placeholderStandsAlone(s) {
		return "", errors.New("{domain} must be set off by dots in the host, as in imap.{domain}")
	}
	d, err := address.ParseDomain(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	if err != nil || !sameSamples(s, string(d)) {
		return "", errors.New("the host is not a valid host name such as mail.example.com")
	}
	return strings.ReplaceAll(string(d), sampleDomain, domainPlaceholder), nil
}

// placeholderStandsAlone reports whether {domain} is the whole of its labels.
// Joined to other letters it would make a name of another owner out of the
// customer's domain, or a label that IDNA encodes and nothing can fill in.
func placeholderStandsAlone(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label != domainPlaceholder && strings.Contains(label, domainPlaceholder) {
			return false
		}
	}
	return true
}

// sameSamples reports whether every sample in what was read stands for a
// placeholder, and was not written by somebody who knows it.
func sameSamples(template, read string) bool {
	return strings.Count(template, domainPlaceholder) == strings.Count(read, sampleDomain)
}

// ParseURL checks the URL of a service and brings its host name into canonical
// form. It must be absolute, https or http, and hold no user name, query or
// fragment: clients add their own. The path is kept as it is written.
func ParseURL(s string) (string, error) {
	u, err := url.Parse(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the url must be absolute, such as https://dav.example.com/")
	case strings.ContainsAny(strings.ReplaceAll(s, domainPlaceholder, ""), "{}"):
		return "", errors.New("the url has an unknown placeholder; only {domain} can stand in it")
	case u.User != nil:
		return "", errors.New("the url must not hold a user name or a password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("the url must not hold a query or a fragment")
	case strings.Contains(u.Path, "//") || strings.ContainsAny(u.Path, "\x00\r\n"):
		return "", errors.New("the path of the url is not valid")
	}
	host, err := ParseHost(strings.ReplaceAll(u.Hostname(), sampleDomain, domainPlaceholder))
	if err != nil {
		return "", errors.New("the host of the url is not a valid host name")
	}
	port, err := explicitPort(u)
	if err != nil {
		return "", err
	}
	u.Host = strings.ReplaceAll(host, domainPlaceholder, sampleDomain) + port
	if !sameSamples(s, u.String()) {
		return "", errors.New("the host of the url is not a valid host name")
	}
	return strings.ReplaceAll(u.String(), sampleDomain, domainPlaceholder), nil
}

// explicitPort returns the port of a URL with its colon, or "" when it is the
// usual one of the scheme.
func explicitPort(u *url.URL) (string, error) {
	if u.Port() == "" {
		return "", nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case err != nil || port == 0:
		return "", errors.New("the port of the url must be a number from 1 to 65535")
	case u.Scheme == "https" && port == 443 || u.Scheme == "http" && port == 80:
		return "", nil
	}
	return ":" + strconv.FormatUint(port, 10), nil
}
