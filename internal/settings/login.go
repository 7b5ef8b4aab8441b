package settings

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/waymark-mail/waymark/internal/address"
)

// Login is the template of a service's user name, with the placeholders
// {address}, {local} and {domain}. It is a template, because a client may ask
// about a domain without naming a mailbox.
type Login string

// LoginAddress is the default: the full mail address.
const LoginAddress Login = "{address}"

// Validate rejects an empty template, unknown placeholders and invisible
// characters.
func (l Login) Validate() error {
	if l == "" {
		return fmt.Errorf("the login is empty; %q is the default", LoginAddress)
	}
	rest := l.Replace("", "", "")
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return fmt.Errorf("the login %q has an unknown placeholder; known: {address}, {local}, {domain}", string(l))
	}
	if strings.ContainsFunc(string(l), func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return fmt.Errorf("the login %q contains an invisible character", string(l))
	}
	return nil
}

// Canonical returns the equivalent template that every format can express:
// FairEmail, GNOME and PACC know the whole address, but not its parts joined.
func (l Login) Canonical() Login {
	if l == "{local}@{domain}" {
		return LoginAddress
	}
	return l
}

// Replace replaces the placeholders with the parts of an address, or with the
// placeholders of another format.
func (l Login) Replace(addr, local, domain string) string {
	if l == LoginAddress {
		return addr
	}
	return strings.NewReplacer("{address}", addr, "{local}", local, "{domain}", domain).Replace(string(l))
}

// Literal reports whether the login has no placeholder.
func (l Login) Literal() bool { return !strings.Contains(string(l), "{") }

// For returns the user name of a; false when it depends on an address and a is
// the zero value.
func (l Login) For(a address.Address) (string, bool) {
	if a.IsZero() && !l.Literal() {
		return "", false
	}
	return l.Replace(a.String(), a.Local, string(a.Domain)), true
}
