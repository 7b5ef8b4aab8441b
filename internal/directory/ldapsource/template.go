package ldapsource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/address"
)

const maxTemplate = 4096 // octets

var (
	placeholder = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\{[^{}]*\}`)
	})
	// attribute is an attribute description of RFC 4512 section 2.5.
	attribute = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)
	})
)

// fill replaces the placeholders in one pass, so that braces in an address are
// not taken for placeholders.
func fill(template string, who address.Address, escape func(string) string) string {
	return strings.NewReplacer(
		"{domain}", escape(string(who.Domain)),
		"{domain_unicode}", escape(who.Domain.Unicode()),
		"{address}", escape(who.String()),
		"{local}", escape(who.Local),
	).Replace(template)
}

// sample replaces placeholders while a template is checked. It is not a
// hexadecimal digit, so that a backslash before a placeholder is an error.
const sample = "\uf8ff"

// withSamples checks the placeholders of a template and replaces them by samples.
func withSamples(template string, known []string) (string, error) {
	switch {
	case template == "":
		return "", errors.New("is missing")
	case len(template) > maxTemplate:
		return "", fmt.Errorf("is longer than %d octets", maxTemplate)
	case strings.Contains(template, sample):
		return "", errors.New("contains the character U+F8FF, which is not allowed")
	}
	for _, found := range placeholder().FindAllString(template, -1) {
		if !slices.Contains(known, found) {
			return "", fmt.Errorf("unknown placeholder %s; available here: %s", found, strings.Join(known, ", "))
		}
	}
	filled := placeholder().ReplaceAllString(template, sample)
	if strings.ContainsAny(filled, "{}") {
		return "", errors.New(`contains a brace outside a placeholder; write \7b for { and \7d for }`)
	}
	return filled, nil
}

// checkFilter checks the template of a filter.
func checkFilter(template string, known []string) error {
	filled, err := withSamples(template, known)
	if err != nil {
		return err
	}
	names, err := filterAttributes(filled)
	if err != nil {
		return fmt.Errorf("is not a valid LDAP filter: %s", plain(err))
	}
	for _, name := range names {
		if err := checkAttribute(name); err != nil {
			return err
		}
	}
	return nil
}

// checkBase checks the template of a base DN. It returns the part after the last
// placeholder, which exists for every domain; "" without a placeholder or
// without such a part.
func checkBase(template string, known []string) (fixed string, err error) {
	filled, err := withSamples(template, known)
	if err != nil {
		return "", err
	}
	dn, err := ldap.ParseDN(filled)
	if err != nil {
		return "", fmt.Errorf("is not a valid DN: %w", err)
	}
	behind := 0
	for i, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			if err := checkAttribute(a.Type); err != nil {
				return "", err
			}
			if strings.Contains(a.Value, sample) {
				behind = i + 1
			}
		}
	}
	if behind == 0 {
		return "", nil
	}
	return (&ldap.DN{RDNs: dn.RDNs[behind:]}).String(), nil
}

func checkAttribute(name string) error {
	switch {
	case strings.Contains(name, sample):
		return errors.New("contains a placeholder in an attribute name; placeholders are allowed in values only")
	case !attribute().MatchString(name):
		return fmt.Errorf("contains %q in place of an attribute name", name)
	}
	return nil
}

// filterAttributes returns the names of the attributes and matching rules in a
// filter.
func filterAttributes(filter string) ([]string, error) {
	whole, err := ldap.CompileFilter(filter)
	if err != nil {
		return nil, err
	}
	var names []string
	for todo := append(whole.Children[:0:0], whole); len(todo) > 0; todo = todo[1:] {
		switch p := todo[0]; p.Tag {
		case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
			todo = append(todo, p.Children...)
		case ldap.FilterPresent:
			names = append(names, p.Data.String())
		case ldap.FilterExtensibleMatch:
			for _, part := range p.Children {
				if part.Tag == ldap.MatchingRuleAssertionType || part.Tag == ldap.MatchingRuleAssertionMatchingRule {
					names = append(names, part.Data.String())
				}
			}
		default: // the others begin with the name
			names = append(names, p.Children[0].Data.String())
		}
	}
	return names, nil
}
