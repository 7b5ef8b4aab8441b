package settings

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/waymark-mail/waymark/internal/address"
)

// Login is the form of the user name a service expects: a text in which
// {address}, {local} and {domain} stand for the whole address and its parts.
// It is a form and not a name, because a client may ask about a domain without
// saying which mailbox.
type Login string

// LoginAddress is the default: the full mail address.
const LoginAddress Login = "{address}"

// Validate refuses an empty form, placeholders nobody knows, and characters
// that cannot be seen.
func (l Login) Validate() error {
	if l == "" {
		return fmt.Errorf("the login is empty; %q is the usual form", LoginAddress)
	}
	rest := l.Replace("", "", "")
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return fmt.Errorf("the login %q has an unknown placeholder; known are {address}, {local} and {domain}", string(l))
	}
	if strings.ContainsFunc(string(l), func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return fmt.Errorf("the login %q holds a character that cannot be seen", string(l))
	}
	return nil
}

// Canonical returns the form that means the same and that every format has a
// word for: FairEmail, GNOME and PACC know the whole address, and not that its
// parts make it up.
func (l Login) Canonical() Login {
	if l == "{local}@{domain}" {
		return LoginAddress
	}
	return l
}

// Replace puts the given texts in the place of the placeholders: either the
// parts of an address, or the words another protocol has for them.
func (l Login) Replace(addr, local, domain string) string {
	if l == LoginAddress {
		return addr
	}
	return strings.NewReplacer("{address}", addr, "{local}", local, "{domain}", domain).Replace(string(l))
}

// Literal reports whether the login is the same for everybody.
func (l Login) Literal() bool { return !strings.Contains(string(l), "{") }

// For returns the login of a; false when it depends on an address and a is
// none.
func (l Login) For(a address.Address) (string, bool) {
	if a.IsZero() && !l.Literal() {
		return "", false
	}
	return l.Replace(a.String(), a.Local, string(a.Domain)), true
}
