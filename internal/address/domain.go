package address

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Domain is a domain or host name in canonical form: lower-case ASCII, A-labels
// for international names, no trailing dot, at most 253 octets. The zero value
// is no domain. Responses contain this form alone, because Thunderbird rejects
// U-labels.
type Domain string

// ErrEmptyDomain is returned for a domain name without characters.
var ErrEmptyDomain = errors.New("the domain is empty")

const (
	maxDomain = 253 // octets of presentation format, RFC 1035 section 2.3.4
	maxLabel  = 63
)

// lookup maps what people type (upper case, full-width dots, U-labels) to
// A-labels by UTS 46, non-transitional like browsers and mail clients.
var lookup = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.BidiRule(),
	idna.StrictDomainName(true),
)

// ParseDomain returns the canonical form of a domain or host name. It accepts
// U-labels, any case and one trailing dot. It rejects IP addresses, ports,
// underscores and everything else that is not a host name (RFC 1123 section
// 2.1).
func ParseDomain(s string) (Domain, error) {
	s = strings.TrimSuffix(s, ".")
	switch {
	case s == "":
		return "", ErrEmptyDomain
	case len(s) > 4*maxDomain: // no mapping shortens it enough
		return "", errors.New("the domain is longer than 253 octets")
	}
	if !isCanonical(s) {
		if !utf8.ValidString(s) {
			return "", errors.New("the domain is not valid UTF-8")
		}
		mapped, err := lookup.ToASCII(s)
		if err != nil {
			return "", errors.New("the domain is not a valid name")
		}
		s = strings.TrimSuffix(mapped, ".") // U+3002 may have been the last character
	}
	if err := checkHostName(s); err != nil {
		return "", err
	}
	return Domain(s), nil
}

// isCanonical reports whether s is lower-case ASCII without A-labels, which
// needs no Unicode tables.
func isCanonical(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < '0' && c != '-' && c != '.' || c > '9' && c < 'a' || c > 'z' {
			return false
		}
		if c == 'x' && strings.HasPrefix(s[i:], "xn--") {
			return false
		}
	}
	return true
}

func checkHostName(s string) error {
	if s == "" {
		return ErrEmptyDomain
	}
	if len(s) > maxDomain {
		return errors.New("the domain is longer than 253 octets")
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		switch {
		case label == "":
			return errors.New("the domain has an empty label: two dots in a row or a leading dot")
		case len(label) > maxLabel:
			return errors.New("a label of the domain is longer than 63 octets")
		case label[0] == '-' || label[len(label)-1] == '-':
			return errors.New("a label of the domain begins or ends with a hyphen")
		}
		last = label
	}
	// A host name never ends in an all-numeric label: that is an IPv4 address.
	if !strings.ContainsFunc(last, func(r rune) bool { return r < '0' || r > '9' }) {
		return errors.New("the domain is an IP address or ends in a number")
	}
	return nil
}

// String returns the canonical form, A-labels included.
func (d Domain) String() string { return string(d) }

// Unicode returns the form for people, with U-labels.
func (d Domain) Unicode() string {
	u, err := idna.Display.ToUnicode(string(d))
	if err != nil {
		return string(d)
	}
	return u
}

// Parent returns the name without its first label; false when it has only one.
func (d Domain) Parent() (Domain, bool) {
	_, rest, ok := strings.Cut(string(d), ".")
	return Domain(rest), ok
}
