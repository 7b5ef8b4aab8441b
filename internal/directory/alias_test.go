package directory

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestLoginsOfAliasDomains asks for user names in alias domains of sources: they
// have the target, unless the source keeps the alias or has another name for the
// mailbox.
func TestLoginsOfAliasDomains(t *testing.T) {
	alias := map[address.Domain]source.Record{"alias.example": {Canonical: "target.example", Provider: "hoster"}}
	named := address.Address{Local: "ben", Domain: "alias.example"}
	for _, tc := range []struct {
		name, local         string
		customers, reseller *fake
		typed               map[string]bool
		want                string
	}{
		{"target", "anna", &fake{}, &fake{domains: alias}, nil, "anna@target.example"},
		{"typed", "anna", &fake{}, &fake{domains: alias}, map[string]bool{"resellers": true}, "anna@alias.example"},
		{"typed in another source", "anna", &fake{}, &fake{domains: alias}, map[string]bool{"customers": true}, "anna@target.example"},
		{"a mailbox without a name", "anna", &fake{domains: alias}, &fake{}, nil, "anna@target.example"},
		{"a mailbox with a name", "ben", &fake{domains: alias, mailboxes: map[string]source.Record{named.String(): {Login: "web1"}}}, &fake{}, nil, "web1"},
		{"a domain that is no alias", "anna", &fake{}, &fake{domains: map[address.Domain]source.Record{"alias.example": {Provider: "hoster"}}}, nil, "anna@alias.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newTown(t, nil, nil, tc.customers, tc.reseller)
			w.outside.TypedAliases = tc.typed
			s, err := w.Resolve(t.Context(), settings.Query{Domain: "alias.example", Address: address.Address{Local: tc.local, Domain: "alias.example"}, Proven: true})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := s.Login(s.Services()[0]); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
