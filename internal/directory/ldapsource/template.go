package ldapsource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/address"
)

const maxTemplate = 4096 // octets

var (
	placeholder = regexp.MustCompile(`\{[^{}]*\}`)
	// attribute is an attribute description of RFC 4512 section 2.5.
	attribute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)
)

// fill puts a domain or an address in the place of the placeholders. It looks
// at the template once, so that a brace in an address means nothing.
func fill(template string, who address.Address, escape func(string) string) string {
	return strings.NewReplacer(
		"{domain}", escape(string(who.Domain)),
		"{domain_unicode}", escape(who.Domain.Unicode()),
		"{address}", escape(who.String()),
		"{local}", escape(who.Local),
	).Replace(template)
}

// sample stands for a value while a template is checked. It is no hexadecimal
// digit, so that a backslash in front of a placeholder is found to be wrong.
const sample = "\uf8ff"

// withSamples checks the placeholders of a template and puts samples in their
// place.
func withSamples(template string, known []string) (string, error) {
	switch {
	case template == "":
		return "", errors.New("is missing")
	case len(template) > maxTemplate:
		return "", fmt.Errorf("is longer than %d octets", maxTemplate)
	case strings.Contains(template, sample):
		return "", errors.New("holds a character that is not allowed")
	}
	for _, found := range placeholder.FindAllString(template, -1) {
		if !slices.Contains(known, found) {
			return "", fmt.Errorf("has the unknown placeholder %s; known are %s", found, strings.Join(known, " "))
		}
	}
	filled := placeholder.ReplaceAllString(template, sample)
	if strings.ContainsAny(filled, "{}") {
		return "", errors.New(`has a brace that belongs to no placeholder; write \7b for { and \7d for }`)
	}
	return filled, nil
}

// checkFilter reports what is wrong with the template of a filter.
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

// checkBase reports what is wrong with the template of a base DN. It returns
// the part behind the last placeholder, which must be there whoever is asked
// about; "" when there is no placeholder, or nothing behind it.
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
		return errors.New("has a placeholder in the name of an attribute; it can only stand in a value")
	case !attribute.MatchString(name):
		return fmt.Errorf("has %q where the name of an attribute must be", name)
	}
	return nil
}

// filterAttributes returns the names of the attributes and of the matching
// rules in a filter.
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
		default: // equality, order, likeness and substrings begin with the name
			names = append(names, p.Children[0].Data.String())
		}
	}
	return names, nil
}
