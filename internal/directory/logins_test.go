package directory

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestUserNamesOfListedDomains has domains of the settings file whose user names are
// in a source.
func TestUserNamesOfListedDomains(t *testing.T) {
	listed := &settings.Provider{ID: "listed", Logins: "customers", Subaddress: "+", Services: services()}
	customers := &fake{mailboxes: map[string]source.Record{
		"anna@listed.example":   {Login: "web1"},
		"anna@typed.example":    {Login: "web2"},
		"anna@below.example":    {Login: "web3"},
		"anna@unlisted.example": {Login: "web4"},
		"ben@listed.example":    {Login: "web5", Disabled: true},
		"cleo@listed.example":   {Login: "{bad}"},
	}}
	resellers := &fake{domains: map[address.Domain]source.Record{"reseller.example": {Provider: "other"}, "twin.example": {Provider: "other", Canonical: "listed.example"}}}
	w := newTown(t, map[address.Domain]settings.Domain{
		"listed.example": {Provider: listed, Canonical: "listed.example"},
		"alias.example":  {Provider: listed, Canonical: "listed.example", LoginDomain: "listed.example"},
		"typed.example":  {Provider: listed, Canonical: "listed.example"},
		"moved.example":  {Provider: listed, Canonical: "listed.example", MovedTo: "listed.example"},
		"plain.example":  {Provider: &settings.Provider{ID: "plain", Services: services()}, Canonical: "plain.example"},
	}, listed, customers, resellers)
	w.other.Logins = "customers"
	for _, tc := range []struct {
		address     string
		asked, name string // of the source; the user name
	}{
		{"anna@listed.example", "anna@listed.example", "web1"},
		{"anna+news@listed.example", "anna@listed.example", "web1"},
		{"anna@alias.example", "anna@listed.example", "web1"},
		{"anna@typed.example", "anna@typed.example", "web2"},
		{"anna@moved.example", "anna@listed.example", "web1"},
		{"anna@unlisted.example", "anna@unlisted.example", "web4"},
		{"anna@twin.example", "anna@listed.example", "web1"},
		{"anna@reseller.example", "anna@reseller.example", ""},
		{"ben@listed.example", "ben@listed.example", ""},
		{"cleo@listed.example", "cleo@listed.example", ""},
		{"nobody@listed.example", "nobody@listed.example", ""},
		{"anna@plain.example", "", ""},
	} {
		a, err := address.Parse(tc.address)
		if err != nil {
			t.Fatal(err)
		}
		for _, proven := range []bool{false, true} {
			customers.asked = nil
			s, err := w.Resolve(t.Context(), settings.Query{Domain: a.Domain, Address: a, Proven: proven})
			if err != nil {
				t.Fatalf("%s: %v", tc.address, err)
			}
			asked := ""
			for _, name := range customers.asked {
				if name != string(a.Domain) { // a lookup of the domain
					asked = name
				}
			}
			hidden := tc.asked != "" && !proven
			if s.LoginHidden != hidden || s.MailboxLookup != (tc.asked != "" && proven) {
				t.Errorf("%s, proven %v: %+v", tc.address, proven, s)
			}
			if !proven && (asked != "" || s.LoginName != "") || proven && s.LoginName != tc.name {
				t.Errorf("%s, proven %v: the user name is %q, asked for %q", tc.address, proven, s.LoginName, asked)
			}
		}
	}
	anna := address.Address{Local: "anna", Domain: "elsewhere.example"}
	if s, err := w.Resolve(t.Context(), settings.Query{Domain: "elsewhere.example", Host: "listed.example", Address: anna, Proven: true}); err != nil || s.LoginName != "" || s.MailboxLookup {
		t.Errorf("an address of another domain: %+v, %v", s, err)
	}
	if s, err := w.Resolve(t.Context(), settings.Query{Domain: "listed.example"}); err != nil || s.LoginHidden || s.MailboxLookup {
		t.Errorf("without an address: %+v, %v", s, err)
	}
}
