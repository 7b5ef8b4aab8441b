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

// search is a source.Search that passed all checks.
type search struct {
	name         string // key in the settings file: domain or mailbox
	base, filter string // templates
	ownBase      bool   // whether base has placeholders
	fixed        string // the part of base after the last placeholder, if ownBase
	scope        int
	columns      source.Columns
	names        []string // of the columns
	constants    []string // of each column; "" for one with an attribute
	attributes   []string // of each column; "" for a constant
}

// newSearch checks a search and returns all errors. It must contain one of the
// placeholders needed and may contain those allowed.
func newSearch(name string, s source.Search, needed, allowed []string) (*search, []error) {
	var errs []error
	wrong := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", name, key, err))
		}
	}
	known := slices.Concat(needed, allowed)
	fixed, err := checkBase(s.BaseDN, known)
	wrong("base_dn", err)
	if err = checkFilter(s.Filter, known); err == nil && !slices.ContainsFunc(needed, func(p string) bool { return strings.Contains(s.Filter+s.BaseDN, p) }) {
		err = fmt.Errorf("must contain %s, or it would match the same entry for everybody", strings.Join(needed, " or "))
	}
	wrong("filter", err)
	scope, ok := map[source.Scope]int{
		"":              ldap.ScopeWholeSubtree,
		source.Subtree:  ldap.ScopeWholeSubtree,
		source.OneLevel: ldap.ScopeSingleLevel,
		source.BaseOnly: ldap.ScopeBaseObject,
	}[s.Scope]
	if !ok {
		wrong("scope", errors.New("must be sub, one or base"))
	}
	made := &search{name: name, base: s.BaseDN, filter: s.Filter, ownBase: placeholder().MatchString(s.BaseDN), fixed: fixed, scope: scope}
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
			if source.Identifies(column) {
				errs = append(errs, fmt.Errorf("column %s: needs an attribute, not a constant", column))
			}
		} else if !attribute().MatchString(name) {
			errs = append(errs, fmt.Errorf("column %s: %q is not an attribute name", column, name))
		}
		s.attributes, s.constants = append(s.attributes, name), append(s.constants, constant)
	}
	s.names = names
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

// maxEntries is how many matching entries are compared. In a flat tree, where
// every mailbox of a domain matches, they are a sample.
const maxEntries = 20

// request returns the search for a domain or an address.
func (s *search) request(who address.Address) *ldap.SearchRequest {
	return &ldap.SearchRequest{
		BaseDN:           fill(s.base, who, ldap.EscapeDN),
		Filter:           fill(s.filter, who, ldap.EscapeFilter),
		Scope:            s.scope,
		Attributes:       s.requested(),
		SizeLimit:        maxEntries,
		EnforceSizeLimit: true,
	}
}

// noAttributes requests no attributes (RFC 4511 section 4.5.1.8); an empty list
// would request all.
const noAttributes = "1.1"

func (s *search) requested() []string {
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

// record turns the entries that match into a record. Those about another name are
// left out; the others must agree. The error is source.ErrNotFound when none is
// left.
func (s *search) record(entries []*ldap.Entry, who address.Address) (source.Record, error) {
	var first []string
	found := false
	for _, e := range entries {
		if !s.about(e, who) {
			continue
		}
		values, err := s.valuesOf(e)
		if err != nil {
			return source.Record{}, fmt.Errorf("%s.attributes: %w", s.name, err)
		}
		if !found {
			first, found = values, true
		}
		for i := range values {
			if values[i] != first[i] {
				return source.Record{}, severalEntries(s.name, s.attributes[i])
			}
		}
	}
	if !found {
		return source.Record{}, source.ErrNotFound
	}
	r, err := s.columns.Record(first)
	if err != nil {
		return source.Record{}, fmt.Errorf("%s.attributes: %w", s.name, err)
	}
	return r, nil
}

// about reports whether an entry is about the domain or the address: one value of
// each attribute that names it must match.
func (s *search) about(e *ldap.Entry, who address.Address) bool {
	for i, column := range s.names {
		if !source.Identifies(column) {
			continue
		}
		values := e.GetEqualFoldAttributeValues(s.attributes[i])
		if len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return source.Matches(column, v, who) }) {
			return false
		}
	}
	return true
}

// valuesOf returns the value of each column; "" for one that names the entry,
// which may have several.
func (s *search) valuesOf(e *ldap.Entry) ([]string, error) {
	values := slices.Clone(s.constants)
	for i, name := range s.attributes {
		if name == "" || source.Identifies(s.names[i]) {
			continue
		}
		var err error
		if values[i], err = single(e, name); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// single returns the value of an attribute; "" when the entry lacks it. The
// values of an attribute have no order, so several must be equal.
func single(e *ldap.Entry, name string) (string, error) {
	value, found := "", false
	for _, a := range e.Attributes {
		if !strings.EqualFold(a.Name, name) {
			continue
		}
		for _, v := range a.Values {
			if found && !strings.EqualFold(strings.TrimSpace(v), strings.TrimSpace(value)) {
				return "", fmt.Errorf("the attribute %s has several values; it must have one", name)
			}
			if !found {
				value, found = v, true
			}
		}
	}
	return value, nil
}
