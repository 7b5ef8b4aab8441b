//go:build unix

package ldapsource

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// documented returns what the guide has as values of a key, in order.
func documented(t *testing.T, key string) []string {
	t.Helper()
	guide, err := os.ReadFile("../../../docs/directory-ldap.md")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, found := range regexp.MustCompile(`(?m)^ +`+key+`: '?(.*?)'?$`).FindAllSubmatch(guide, -1) {
		values = append(values, string(found[1]))
	}
	return values
}

// attributesOf reads a mapping as the guide writes it.
func attributesOf(text string) map[string]string {
	all := map[string]string{}
	for _, pair := range regexp.MustCompile(`(\w+): "?([^",}]+)`).FindAllStringSubmatch(text, -1) {
		all[pair[1]] = pair[2]
	}
	return all
}

func TestTheGuide(t *testing.T) {
	bases, filters, attributes := documented(t, "base_dn"), documented(t, "filter"), documented(t, "attributes")
	if len(bases) != 7 || len(filters) != 8 || len(attributes) != 7 {
		t.Fatalf("the guide has %d bases, %d filters, %d attributes", len(bases), len(filters), len(attributes))
	}
	made := func(base, i int) source.Search {
		return source.Search{BaseDN: bases[base], Filter: filters[i], Attributes: attributesOf(attributes[i])}
	}
	domain, mailbox := preset.LDAP(bases[0])
	if got := []source.Search{made(0, 0), made(0, 1)}; !reflect.DeepEqual(got, []source.Search{domain, mailbox}) {
		t.Errorf("the preset is\n%+v\nand the guide says\n%+v", []source.Search{domain, mailbox}, got)
	}

	ownDomain, ownMailbox := made(1, 2), made(2, 3)
	ownDomain.Scope = source.OneLevel
	s := open(t, source.LDAP{URL: "ldap://" + newSlapd(t, "").plain, Domain: ownDomain, Mailbox: &ownMailbox})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := source.Record{Provider: "hoster", Overrides: []source.Override{
		{Protocol: settings.IMAP, Host: "imap.xn--bcher-kva.example", Security: settings.TLS},
	}}
	if got, err := s.Domain(t.Context(), "xn--bcher-kva.example"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "customer.example"}); err != nil || got.Login != "anna" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestTheGuideOnOtherServers runs the searches for Active Directory and for flat
// trees, against OpenLDAP with their attributes.
func TestTheGuideOnOtherServers(t *testing.T) {
	bases, filters, attributes := documented(t, "base_dn"), documented(t, "filter"), documented(t, "attributes")
	server := newSlapd(t, "")
	for _, tc := range []struct {
		name            string
		domain, mailbox source.Search
		domains         map[address.Domain]bool
		logins          map[string]string // by the local part, in example.com
	}{
		{
			"Active Directory",
			source.Search{BaseDN: bases[3], Filter: filters[4], Attributes: attributesOf(attributes[4])},
			source.Search{BaseDN: bases[4], Filter: filters[5], Attributes: attributesOf(attributes[5])},
			map[address.Domain]bool{"corp.example.com": true, "example.com": true, "example.net": true, "unknown.example": false, "example": false},
			map[string]string{"anna": "anna@corp.example.com", "ANNA": "anna@corp.example.com", "ben": "", "dora": ""},
		},
		{
			"flat",
			source.Search{BaseDN: bases[5], Filter: filters[6]},
			source.Search{BaseDN: bases[6], Filter: filters[7], Attributes: attributesOf(attributes[6])},
			map[address.Domain]bool{"flat.example": true, "mixed.example": true, "at.example": false, "unknown.example": false},
			map[string]string{"anna": "", "user1": ""},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, source.LDAP{URL: "ldap://" + server.plain, Domain: tc.domain, Mailbox: &tc.mailbox})
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for d, known := range tc.domains {
				if _, err := s.Domain(t.Context(), d); (err == nil) != known {
					t.Errorf("%s: %v", d, err)
				}
			}
			for local, want := range tc.logins {
				if got, err := s.Mailbox(t.Context(), address.Address{Local: local, Domain: "example.com"}); got.Login != want || (err == nil) != (want != "") {
					t.Errorf("%s: %+v, %v; want %q", local, got, err, want)
				}
			}
		})
	}
}

// TestTheGuideNamesTheColumns compares the columns of the guide with those that
// exist.
func TestTheGuideNamesTheColumns(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/directory-ldap.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, row := range regexp.MustCompile("(?m)^\\| `[a-z].*$").FindAll(guide, -1) {
		for _, name := range regexp.MustCompile("`([a-z0-9]+(_[a-z0-9]+)*)`").FindAllSubmatch(row[:slices.Index(row[1:], '|')+1], -1) {
			named = append(named, string(name[1]))
		}
	}
	for _, name := range named {
		if !slices.Contains(source.ColumnNames(), name) {
			t.Errorf("the guide has the column %s, which there is not", name)
		}
	}
	for _, name := range []string{"provider", "canonical_domain", "enabled", "login", "display_name", "help_url", "webmail_url", "brand_color", "brand_logo", "brand_logo_dark", "imap_host", "imap_port", "imap_security", "caldav_url"} {
		if !slices.Contains(named, name) {
			t.Errorf("the guide lacks the column %s", name)
		}
	}
}
