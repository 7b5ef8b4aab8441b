package ldapsource

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// search is a Search that was found to be in order.
type search struct {
	name         string // domain or mailbox
	base, filter string // templates
	ownBase      bool   // whether base has placeholders
	fixed        string // the end of base that has none, if ownBase
	scope        int
	columns      source.Columns
	constants    []string // for each column, "" when an attribute has the value
	attributes   []string // for each column, "" when it is constant
}

// newSearch returns all that is wrong with a search. One of the placeholders wanted must be in it;
// those allowed may be as well.
func newSearch(name string, s Search, wanted, allowed []string) (*search, []error) {
	var errs []error
	wrong := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", name, key, err))
		}
	}
	known := slices.Concat(wanted, allowed)
	fixed, err := checkBase(s.BaseDN, known)
	wrong("base_dn", err)
	if err = checkFilter(s.Filter, known); err == nil && !slices.ContainsFunc(wanted, func(p string) bool { return strings.Contains(s.Filter+s.BaseDN, p) }) {
		err = fmt.Errorf("has no placeholder and so finds the same for everybody; put %s in it", strings.Join(wanted, " or "))
	}
	wrong("filter", err)
	scope, ok := map[Scope]int{
		"":       ldap.ScopeWholeSubtree,
		Subtree:  ldap.ScopeWholeSubtree,
		OneLevel: ldap.ScopeSingleLevel,
		BaseOnly: ldap.ScopeBaseObject,
	}[s.Scope]
	if !ok {
		wrong("scope", errors.New("must be sub, one or base"))
	}
	made := &search{name: name, base: s.BaseDN, filter: s.Filter, ownBase: placeholder.MatchString(s.BaseDN), fixed: fixed, scope: scope}
	for _, err := range made.takeColumns(s.Attributes) {
		wrong("attributes", err)
	}
	return made, errs
}

func (s *search) takeColumns(attributes map[string]string) []error {
	names := slices.Sorted(maps.Keys(attributes))
	var errs []error
	for _, column := range names {
		name, constant := attributes[column], ""
		if value, ok := strings.CutPrefix(name, "="); ok {
			name, constant = "", value
		} else if !attribute.MatchString(name) {
			errs = append(errs, fmt.Errorf("column %s: %q is not the name of an attribute", column, name))
		}
		s.attributes, s.constants = append(s.attributes, name), append(s.constants, constant)
	}
	var err error
	if s.columns, err = source.NewColumns(names); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		_, err := s.columns.Record(s.constants)
		errs = append(errs, err)
	}
	return errs
}

// request asks for the entry of a domain or of an address. Two entries are let
// in to see that one is not the only one.
func (s *search) request(who address.Address) *ldap.SearchRequest {
	return &ldap.SearchRequest{
		BaseDN:           fill(s.base, who, ldap.EscapeDN),
		Filter:           fill(s.filter, who, ldap.EscapeFilter),
		Scope:            s.scope,
		Attributes:       s.wanted(),
		SizeLimit:        2,
		EnforceSizeLimit: true,
	}
}

// noAttributes asks for none (RFC 4511 section 4.5.1.8); an empty list would
// ask for all.
const noAttributes = "1.1"

func (s *search) wanted() []string {
	var names []string
	for _, name := range s.attributes {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return []string{noAttributes}
	}
	return names
}

// record reads an entry.
func (s *search) record(e *ldap.Entry) (r source.Record, err error) {
	values := slices.Clone(s.constants)
	for i, name := range s.attributes {
		if name == "" {
			continue
		}
		if values[i], err = single(e, name); err != nil {
			return source.Record{}, fmt.Errorf("%s.attributes: %w", s.name, err)
		}
	}
	if r, err = s.columns.Record(values); err != nil {
		return source.Record{}, fmt.Errorf("%s.attributes: %w", s.name, err)
	}
	return r, nil
}

// single returns the value of an attribute, "" when it is not there. The
// values of an attribute have no order, so that of several the first is as
// good as any only when they say the same.
func single(e *ldap.Entry, name string) (string, error) {
	value, found := "", false
	for _, a := range e.Attributes {
		if !strings.EqualFold(a.Name, name) {
			continue
		}
		for _, v := range a.Values {
			if found && !strings.EqualFold(strings.TrimSpace(v), strings.TrimSpace(value)) {
				return "", fmt.Errorf("the attribute %s has several values, and nothing says which of them is meant", name)
			}
			if !found {
				value, found = v, true
			}
		}
	}
	return value, nil
}
