package ldapsource

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

const (
	pageSize    = 500         // entries; servers allow 500 to 1000 (RFC 2696)
	pageTimeout = time.Minute // of one page; without an index the server reads all entries
)

// comparison is a part of a filter that compares an attribute with the name of a
// domain, as it is or with other text around it.
var comparison = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\(!)?\(([A-Za-z0-9.;-]+)(?::[A-Za-z0-9.:-]*)?=([^()]*\{domain(?:_unicode)?\}[^()]*)\)`)
})

// listing is a search for all entries that one comparison can match.
type listing struct {
	filter, attribute string
	value             *regexp.Regexp // of the attribute; the name is its group
}

const matchesNothing = "(!(objectClass=*))"

// listings returns a search for each comparison. In it, the others match nothing, so
// that it lists what a lookup finds by this one.
func (s *search) listings() ([]listing, error) {
	found := comparison().FindAllStringSubmatchIndex(s.filter, -1)
	switch {
	case s.ownBase:
		return nil, source.NoListError("domain.base_dn has {domain}, so there is no common base to list the domains below; to list them, name that base and compare {domain} in domain.filter, such as (ou={domain})")
	case len(found) == 0:
		return nil, source.NoListError("domain.filter compares {domain} with no attribute, so the entries cannot be listed")
	}
	var all []listing
	for _, m := range found {
		text := func(group int) string { return s.filter[m[2*group]:m[2*group+1]] }
		if m[2] >= 0 {
			return nil, source.NoListError("domain.filter excludes entries by {domain}, so they cannot be listed")
		}
		one := listing{attribute: text(2), value: valuePattern(text(3))}
		copied := 0
		for _, other := range found {
			one.filter += s.filter[copied:other[0]]
			if copied = other[1]; other[0] == m[0] {
				one.filter += "(" + one.attribute + "=*)"
			} else {
				one.filter += matchesNothing
			}
		}
		one.filter += s.filter[copied:]
		all = append(all, one)
	}
	return all, nil
}

var valuePart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{domain(?:_unicode)?\}|\*|\\[0-9a-fA-F]{2}|[^*\\{]+`)
})

// valuePattern returns an expression for the values that a comparison matches.
func valuePattern(template string) *regexp.Regexp {
	pattern := valuePart().ReplaceAllStringFunc(template, func(part string) string {
		switch part[0] {
		case '{':
			return "(.+)"
		case '*':
			return ".*"
		case '\\':
			if octet, err := hex.DecodeString(part[1:]); err == nil {
				return regexp.QuoteMeta(string(octet))
			}
		}
		return regexp.QuoteMeta(part)
	})
	return regexp.MustCompile("(?is)^" + pattern + "$")
}

// List calls yield with each domain that the search for a domain can find.
func (s *Source) List(ctx context.Context, yield func(string) error) error {
	return s.listBy(ctx, pageSize, yield)
}

func (s *Source) listBy(ctx context.Context, entries uint32, yield func(string) error) error {
	if s.domain == nil {
		return source.NoListError("it looks up user names only")
	}
	all, err := s.domain.listings()
	if err != nil {
		return err
	}
	c, err := s.pool.server.connect(ctx)
	if err != nil {
		return s.named(err)
	}
	defer c.close()
	for _, one := range all {
		if err := s.list(ctx, c, one, entries, yield); err != nil {
			return s.named(err)
		}
	}
	return nil
}

// list reads the entries of a listing page by page.
func (s *Source) list(ctx context.Context, c *conn, one listing, entries uint32, yield func(string) error) error {
	page := ldap.NewControlPaging(entries)
	request := &ldap.SearchRequest{BaseDN: s.domain.base, Scope: s.domain.scope, Filter: one.filter, Attributes: []string{one.attribute}, Controls: []ldap.Control{page}}
	for listed := 0; ; {
		var result *ldap.SearchResult
		limited, cancel := context.WithTimeout(ctx, pageTimeout)
		_, err := c.run(limited, func(l *ldap.Conn) (err error) {
			result, err = l.Search(request)
			return err
		})
		switch {
		case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
			err = fmt.Errorf("domain.filter: the LDAP server lists only some of the entries (%d of them so far); raise its limit for bind_dn, which is size.prtotal in OpenLDAP", listed)
		case err != nil && !isAnswer(err):
			err = lost(limited, brokeOff, err)
		case err != nil:
			err = searchFailed(s.domain.name, s.pool.server.bindDN, err)
		}
		cancel()
		if err != nil {
			return err
		}
		listed += len(result.Entries)
		for _, e := range result.Entries {
			for _, value := range e.GetEqualFoldAttributeValues(one.attribute) {
				if name := one.value.FindStringSubmatch(value); name != nil {
					if err := yield(name[1]); err != nil {
						return err
					}
				}
			}
		}
		next, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		page.SetCookie(next.Cookie)
	}
}
