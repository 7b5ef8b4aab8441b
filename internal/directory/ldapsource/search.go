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
			errs = append(errs, fmt.Errorf("column %s: %q is not an attribute name", column, name))
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

// request returns the search for a domain or an address. The size limit of 2 is
// enough to see that a match is not the only one.
func (s *search) request(who address.Address) *ldap.SearchRequest {
	return &ldap.SearchRequest{
		BaseDN:           fill(s.base, who, ldap.EscapeDN),
		Filter:           fill(s.filter, who, ldap.EscapeFilter),
		Scope:            s.scope,
		Attributes:       s.requested(),
		SizeLimit:        2,
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

// record turns an entry into a record.
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
