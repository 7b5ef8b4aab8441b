package address

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address is a mail address. Local is kept as it was typed, because only the
// mail server knows whether its case matters. The zero value is no address.
type Address struct {
	Local  string
	Domain Domain
}

// ErrLongLocal is returned for an address whose local part is too long.
var ErrLongLocal = errors.New("the part before the @ is longer than 64 octets")

const maxLocal = 64 // octets, RFC 5321 section 4.5.3.1.1

// Parse parses an address such as anna@example.com, ignoring surrounding white
// space. Local parts may contain any printable character of RFC 5321's atoms or
// of RFC 6531. Quoted local parts and address literals are rejected: no mail app
// lets people type them. Dots may be anywhere, because some carriers assigned
// addresses such as anna.@example.com.
func Parse(s string) (Address, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Address{}, errors.New("the address is empty")
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok {
		return Address{}, errors.New("the address has no @")
	}
	if strings.Contains(domain, "@") {
		return Address{}, errors.New("the address has more than one @")
	}
	if err := checkLocal(local); err != nil {
		return Address{}, err
	}
	d, err := ParseDomain(domain)
	if err != nil {
		return Address{}, err
	}
	return Address{Local: local, Domain: d}, nil
}

func checkLocal(local string) error {
	switch {
	case local == "":
		return errors.New("the part before the @ is empty")
	case len(local) > maxLocal:
		return ErrLongLocal
	case !utf8.ValidString(local):
		return errors.New("the part before the @ is not valid UTF-8")
	}
	for _, r := range local {
		if !allowedInLocal(r) {
			return errors.New("the part before the @ contains a character that is not allowed there")
		}
	}
	return nil
}

// allowedInLocal accepts atext of RFC 5322 section 3.2.3, the dot, and visible
// characters beyond ASCII (RFC 6532). It rejects control, space and invisible
// format characters, which could make two addresses look alike.
func allowedInLocal(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f && !strings.ContainsRune(`"(),:;<>@[\]`, r)
	}
	return r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
}

// String returns local@domain with the domain in A-labels.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Local + "@" + string(a.Domain)
}

// Unicode returns local@domain with the domain in U-labels, for people to read. Apps
// are given String, because some reject U-labels.
func (a Address) Unicode() string {
	if a.IsZero() {
		return ""
	}
	return a.Local + "@" + a.Domain.Unicode()
}

// IsZero reports whether a is the zero value.
func (a Address) IsZero() bool { return a == Address{} }

// WithoutTag removes a sub-address (RFC 5233): with separator "+", anna+news
// becomes anna. A local part that begins with the separator is not changed.
func (a Address) WithoutTag(separator string) Address {
	if separator == "" {
		return a
	}
	if i := strings.Index(a.Local, separator); i > 0 {
		a.Local = a.Local[:i]
	}
	return a
}
