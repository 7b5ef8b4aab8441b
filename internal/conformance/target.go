package conformance

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// Target is a server and the facts that the checks need. One base URL and Domain
// are required; checks that need more are NotChecked without it.
type Target struct {
	// HTTPS and HTTP are base URLs such as https://127.0.0.1:8443. Requests for
	// every host name go there. The TLS certificate is not verified.
	HTTPS, HTTP string

	Domain   string // a domain that the server serves
	Known    string // an address with a mailbox; default anna@Domain
	Unknown  string // an address without a mailbox, whose local part occurs nowhere else; default no-such-mailbox-4711@Domain
	Unserved string // a domain that the server does not serve; "" when it serves all
	IDN      string // an international domain that the server serves

	// MX is the domain of a hoster's mail exchangers, which the server serves as
	// well. Customer is a domain that the hoster serves.
	MX, Customer string

	Profile string         // path and query of the profile, {address} for the address; default /profile.mobileconfig?email={address}
	Roots   *x509.CertPool // that devices trust to sign profiles; nil for the roots of the system
	Zone    string         // the records of Domain as a master file (RFC 1035 section 5)

	// What the settings enable:
	Login        string // the user name, from {address}, {local} and {domain}; "" for the address, in autoconfig also the local part
	Alternatives bool   // several sections of one type in autoconfig
	OutlookDAV   bool   // CalDAV and CardDAV blocks in Autodiscover
	ActiveSync   bool   // an ActiveSync service
	EWS          bool   // Exchange Web Services
	NoJSON       bool   // no Autodiscover in JSON
	anyLogin     bool   // any user name: the right one is not known
}

// complete returns the target with its defaults, or an error for an invalid one.
func (t Target) complete() (Target, error) {
	if t.HTTPS == "" && t.HTTP == "" {
		return t, errors.New("a base URL is needed, such as https://127.0.0.1:8443")
	}
	for scheme, base := range map[string]*string{"https": &t.HTTPS, "http": &t.HTTP} {
		if *base == "" {
			continue
		}
		u, err := url.Parse(*base)
		if err != nil || u.Scheme != scheme || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return t, fmt.Errorf("%q is not a base URL such as %s://127.0.0.1:%d", *base, scheme, map[string]int{"https": 8443, "http": 8080}[scheme])
		}
	}
	if t.Domain == "" {
		return t, errors.New("a domain that the server serves is needed")
	}
	for _, d := range []*string{&t.Domain, &t.Unserved, &t.IDN, &t.MX, &t.Customer} {
		ascii, err := idna.Lookup.ToASCII(*d)
		if err != nil || ascii != "" && !isHostName(ascii) {
			return t, fmt.Errorf("%q is not a domain", *d)
		}
		*d = strings.ToLower(ascii)
	}
	defaults := []struct {
		value    *string
		standard string
	}{
		{&t.Known, "anna@" + t.Domain},
		{&t.Unknown, "no-such-mailbox-4711@" + t.Domain},
		{&t.Profile, "/profile.mobileconfig?email={address}"},
	}
	for _, d := range defaults {
		if *d.value == "" {
			*d.value = d.standard
		}
	}
	for _, a := range []string{t.Known, t.Unknown} {
		if parsed, err := mail.ParseAddress(a); err != nil || parsed.Address != a || !strings.HasSuffix(a, "@"+t.Domain) {
			return t, fmt.Errorf("%q is not an address of %s", a, t.Domain)
		}
	}
	if t.Known == t.Unknown {
		return t, errors.New("the known and the unknown mailbox are the same")
	}
	if !strings.HasPrefix(t.Profile, "/") || !strings.Contains(t.Profile, "{address}") {
		return t, fmt.Errorf("%q is not a path with {address}", t.Profile)
	}
	return t, nil
}

// login returns the user name of an address.
func (t Target) login(address string) string {
	form := t.Login
	if form == "" {
		form = "{address}"
	}
	local, domain, _ := strings.Cut(address, "@")
	return strings.NewReplacer("{address}", address, "{local}", local, "{domain}", domain).Replace(form)
}

// isLogin reports whether a text is the user name of the known mailbox.
func (t Target) isLogin(text string) bool {
	return text == t.login(t.Known) || t.anyLogin && text != ""
}
