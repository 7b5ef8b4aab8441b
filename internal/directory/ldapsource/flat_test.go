//go:build unix

package ldapsource

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestAFlatTree searches for domains where only mailboxes have entries: many
// match, and they agree. slapd ends such a search at the size limit.
func TestAFlatTree(t *testing.T) {
	server := newSlapd(t, "")
	flat := func(attributes map[string]string) source.LDAP {
		return source.LDAP{
			URL:     "ldap://" + server.plain,
			Domain:  source.Search{BaseDN: "ou=people,dc=example,dc=com", Filter: "(mail=*@{domain})", Attributes: attributes},
			Mailbox: &source.Search{BaseDN: "ou=people,dc=example,dc=com", Filter: "(mail={address})", Attributes: map[string]string{"login": "uid", "address": "mail"}},
		}
	}
	onHost := source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Host: "mail1.example.net"}}}
	for _, tc := range []struct {
		name       string
		attributes map[string]string
		domain     address.Domain
		want       source.Record
		err        string
	}{
		{name: "it exists", domain: "flat.example"},
		{name: "its host", attributes: map[string]string{"imap_host": "description"}, domain: "flat.example", want: onHost},
		{name: "unknown", domain: "unknown.example", err: "not found"},
		{name: "the mailboxes differ", attributes: map[string]string{"imap_host": "description"}, domain: "mixed.example",
			err: "ldap: domain.filter: matches entries that differ in the attribute description"},
		{name: "the mailboxes differ in nothing that is read", domain: "mixed.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, flat(tc.attributes))
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			for range 2 { // the connection survives
				got, err := s.Domain(t.Context(), tc.domain)
				if !reflect.DeepEqual(got, tc.want) {
					t.Errorf("got %+v, want %+v", got, tc.want)
				}
				checkError(t, err, tc.err)
			}
		})
	}
	s := open(t, flat(nil))
	for domain, want := range map[address.Domain]string{"flat.example": "user7", "alias-of-flat.example": "user7", "mixed.example": ""} {
		got, err := s.Mailbox(t.Context(), address.Address{Local: "user7", Domain: domain})
		if got.Login != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v, %v; want the login %q", domain, got, err, want)
		}
	}
}

// TestEntriesAboutAnotherName has servers whose matching rules are loose,
// as those of Active Directory, where müller equals muller. Here the filter is.
func TestEntriesAboutAnotherName(t *testing.T) {
	server := newSlapd(t, "")
	s := open(t, source.LDAP{URL: "ldap://" + server.plain, Domain: source.Search{
		BaseDN: iredmailBase, Filter: "(&(objectClass=mailDomain)(|(domainName={domain})(domainName=customer.example)))",
		Attributes: map[string]string{"domain": "domainName", "enabled": "accountStatus"},
	}})
	for domain, want := range map[address.Domain]string{"customer.example": "", "unknown.example": "not found", "off.example": ""} {
		got, err := s.Domain(t.Context(), domain)
		checkError(t, err, want)
		if got.Disabled != (domain == "off.example") {
			t.Errorf("%s: %+v", domain, got)
		}
	}
}

// TestListFromSlapd lists what the search for a domain can find, over several pages,
// and reports a server that returns only a part of it.
func TestListFromSlapd(t *testing.T) {
	server, strict := newSlapd(t, ""), newSlapd(t, "sizelimit 20")
	flat := func(server *slapd) source.LDAP {
		return source.LDAP{URL: "ldap://" + server.plain, Domain: source.Search{BaseDN: "ou=people,dc=example,dc=com", Filter: "(mail=*@{domain})"}}
	}
	for name, tc := range map[string]struct {
		options   source.LDAP
		want, err string // the names, sorted, each once
	}{
		"iRedMail":               {iredmail("ldap://" + server.plain), "again.example alias.example customer.example noalias.example off.example shared.example twice.example xn--bcher-kva.example", ""},
		"a flat tree":            {flat(server), "alias-of-flat.example alias-of-mixed.example flat.example mixed.example", ""},
		"a base for each domain": {own("ldap://" + server.plain), "", "domain.base_dn has {domain}, so there is no common base to list the domains below; to list them, name that base and compare {domain} in domain.filter, such as (ou={domain})"},
		"a limit of the server":  {flat(strict), "alias-of-flat.example flat.example", "ldap: domain.filter: the LDAP server lists only some of the entries (20 of them so far); raise its limit for bind_dn, which is size.prtotal in OpenLDAP"},
	} {
		var got []string
		err := open(t, tc.options).listBy(t.Context(), 5, func(name string) error {
			got = append(got, name)
			return nil
		})
		slices.Sort(got)
		if names := strings.Join(slices.Compact(got), " "); names != tc.want {
			t.Errorf("%s: %s", name, names)
		}
		checkError(t, err, tc.err)
	}
	if n := server.count("SRCH attr="); n < 10 {
		t.Errorf("only %d pages", n)
	}
}
