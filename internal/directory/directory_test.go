package directory

import (
	"errors"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func TestResolve(t *testing.T) {
	hoster := &settings.Provider{ID: "hoster"}
	other := &settings.Provider{ID: "other"}
	listed := map[address.Domain]settings.Domain{
		"hoster.example":       {Provider: hoster, Canonical: "hoster.example"},
		"customer.example":     {Provider: other, Canonical: "customer.example"},
		"www.customer.example": {Provider: other, Canonical: "customer.example"},
	}
	for _, tc := range []struct {
		name                        string
		query                       settings.Query
		catchAll                    *settings.Provider
		provider, domain, canonical string // empty provider: unknown
	}{
		{name: "a listed domain", query: settings.Query{Domain: "customer.example"},
			provider: "other", domain: "customer.example", canonical: "customer.example"},
		{name: "an alias domain keeps the name asked for", query: settings.Query{Domain: "www.customer.example"},
			provider: "other", domain: "www.customer.example", canonical: "customer.example"},
		{name: "a domain below a listed one is not that domain", query: settings.Query{Domain: "mail.customer.example"}},
		{name: "a host name below a listed domain is", query: settings.Query{Host: "mx.hoster.example"},
			provider: "hoster", domain: "hoster.example", canonical: "hoster.example"},
		{name: "the domain goes before the host name", query: settings.Query{Domain: "customer.example", Host: "hoster.example"},
			provider: "other", domain: "customer.example", canonical: "customer.example"},
		{name: "an unlisted customer found by its MX gets the hoster's settings", query: settings.Query{Domain: "unlisted.example", Host: "hoster.example"},
			provider: "hoster", domain: "hoster.example", canonical: "hoster.example"},
		{name: "nobody", query: settings.Query{Domain: "unlisted.example", Host: "unlisted2.example"}},
		{name: "an empty query", query: settings.Query{}, catchAll: hoster},
		{name: "the catch-all", query: settings.Query{Domain: "unlisted.example"}, catchAll: hoster,
			provider: "hoster", domain: "unlisted.example", canonical: "unlisted.example"},
		{name: "the catch-all by host name", query: settings.Query{Host: "unlisted.example"}, catchAll: hoster,
			provider: "hoster", domain: "unlisted.example", canonical: "unlisted.example"},
		{name: "a listed host name goes before the catch-all", query: settings.Query{Host: "www.customer.example"}, catchAll: hoster,
			provider: "other", domain: "www.customer.example", canonical: "customer.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := New(listed, tc.catchAll).Resolve(t.Context(), tc.query)
			if tc.provider == "" {
				if !errors.Is(err, settings.ErrUnknownDomain) {
					t.Fatalf("got %+v, %v; want an unknown domain", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Provider.ID != tc.provider || string(got.Domain) != tc.domain || string(got.Canonical) != tc.canonical {
				t.Errorf("got provider %s, domain %s, canonical %s; want %s, %s, %s",
					got.Provider.ID, got.Domain, got.Canonical, tc.provider, tc.domain, tc.canonical)
			}
		})
	}
}

func TestResolveCarriesTheAddress(t *testing.T) {
	d := New(map[address.Domain]settings.Domain{"a.example": {Provider: &settings.Provider{}, Canonical: "a.example"}}, nil)
	anna := address.Address{Local: "anna", Domain: "a.example"}
	got, err := d.Resolve(t.Context(), settings.Query{Domain: "a.example", Address: anna})
	if err != nil || got.Address != anna {
		t.Fatalf("got %v, %v", got.Address, err)
	}
}

func BenchmarkResolve(b *testing.B) {
	d := New(map[address.Domain]settings.Domain{"a.example": {Provider: &settings.Provider{}, Canonical: "a.example"}}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Resolve(b.Context(), settings.Query{Domain: "a.example"}); err != nil {
			b.Fatal(err)
		}
	}
}
