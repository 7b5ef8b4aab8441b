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

// ParseHost returns the canonical form of a host name: A-labels in lower case.
// {domain} stands for the customer's domain. IP addresses are rejected, because
// certificates of mail servers contain names.
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
	if !placeholderIsLabel(s) {
		return "", errors.New("{domain} must be separated by dots in the host, as in imap.{domain}")
	}
	d, err := address.ParseDomain(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	if err != nil || !sameSamples(s, string(d)) {
		return "", errors.New("the host is not a valid host name such as mail.example.com")
	}
	return strings.ReplaceAll(string(d), sampleDomain, domainPlaceholder), nil
}

// placeholderIsLabel reports whether {domain} is always a whole label. Joined to
// other letters it would turn the customer's domain into somebody else's, or into
// a label that IDNA encodes.
func placeholderIsLabel(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label != domainPlaceholder && strings.Contains(label, domainPlaceholder) {
			return false
		}
	}
	return true
}

// sameSamples reports whether every sample in the parsed form comes from a
// placeholder of the template.
func sameSamples(template, read string) bool {
	return strings.Count(template, domainPlaceholder) == strings.Count(read, sampleDomain)
}

// ParseURL checks the URL of a service and returns it with a canonical host name.
// It must be absolute, https or http, without user name, query and fragment,
// because clients add their own. The path is not changed.
func ParseURL(s string) (string, error) {
	u, err := url.Parse(strings.ReplaceAll(s, domainPlaceholder, sampleDomain))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the url must be absolute, such as https://dav.example.com/")
	case strings.ContainsAny(strings.ReplaceAll(s, domainPlaceholder, ""), "{}"):
		return "", errors.New("the url has an unknown placeholder; only {domain} is allowed")
	case u.User != nil:
		return "", errors.New("the url must not contain a user name or a password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("the url must not contain a query or a fragment")
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

// ParseWebmailURL is ParseURL for a page of webmail, which must be https.
func ParseWebmailURL(s string) (string, error) {
	u, err := ParseURL(s)
	if err == nil && !strings.HasPrefix(u, "https://") {
		err = errors.New("the url must be https, such as https://webmail.example.com/")
	}
	return u, err
}

// ParseWebURL returns a URL of a page for people: https, with a canonical host name.
func ParseWebURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("must be an https URL such as https://www.example.com/")
	}
	host, err := address.ParseDomain(u.Hostname())
	if err != nil {
		return nil, errors.New("must be an https URL with a valid host name")
	}
	port := u.Port()
	u.Host = string(host)
	if port != "" {
		u.Host += ":" + port
	}
	return u, nil
}

// explicitPort returns the port of a URL with its colon, or "" for the default
// port of the scheme.
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
