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
	schools, art := &settings.Provider{ID: "schools"}, &settings.Provider{ID: "art"}
	listed["listed.schools.example"] = settings.Domain{Provider: other, Canonical: "listed.schools.example"}
	below := settings.Suffixes{"schools.example": schools, "art.schools.example": art}
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
		{name: "below a suffix", query: settings.Query{Domain: "a.schools.example"}, catchAll: hoster,
			provider: "schools", domain: "a.schools.example", canonical: "a.schools.example"},
		{name: "far below a suffix", query: settings.Query{Domain: "x.a.schools.example"},
			provider: "schools", domain: "x.a.schools.example", canonical: "x.a.schools.example"},
		{name: "the longest suffix", query: settings.Query{Domain: "a.art.schools.example"},
			provider: "art", domain: "a.art.schools.example", canonical: "a.art.schools.example"},
		{name: "a suffix is below a shorter one", query: settings.Query{Domain: "art.schools.example"},
			provider: "schools", domain: "art.schools.example", canonical: "art.schools.example"},
		{name: "a listed domain goes before the suffix", query: settings.Query{Domain: "listed.schools.example"},
			provider: "other", domain: "listed.schools.example", canonical: "listed.schools.example"},
		{name: "below a listed one is below the suffix", query: settings.Query{Domain: "x.listed.schools.example"},
			provider: "schools", domain: "x.listed.schools.example", canonical: "x.listed.schools.example"},
		{name: "the suffix itself is not below it", query: settings.Query{Domain: "schools.example"}},
		{name: "a suffix begins at a dot", query: settings.Query{Domain: "a.myschools.example"}},
		{name: "a host name below a suffix", query: settings.Query{Host: "a.schools.example"},
			provider: "schools", domain: "a.schools.example", canonical: "a.schools.example"},
		{name: "a host name below a listed domain below a suffix", query: settings.Query{Host: "mx.listed.schools.example"},
			provider: "other", domain: "listed.schools.example", canonical: "listed.schools.example"},
		{name: "a host name below the longest suffix", query: settings.Query{Host: "mx.a.art.schools.example"},
			provider: "art", domain: "mx.a.art.schools.example", canonical: "mx.a.art.schools.example"},
		{name: "the host name of a suffix", query: settings.Query{Host: "schools.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := New(listed, below, tc.catchAll).Resolve(t.Context(), tc.query)
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
	d := New(map[address.Domain]settings.Domain{"a.example": {Provider: &settings.Provider{}, Canonical: "a.example"}}, nil, nil)
	anna := address.Address{Local: "anna", Domain: "a.example"}
	got, err := d.Resolve(t.Context(), settings.Query{Domain: "a.example", Address: anna})
	if err != nil || got.Address != anna {
		t.Fatalf("got %v, %v", got.Address, err)
	}
}

func TestDomainsThatMoved(t *testing.T) {
	p := &settings.Provider{ID: "p"}
	gone := &settings.MovedError{To: settings.Redirect{URL: "https://autodiscover.new.example/autodiscover/autodiscover.xml"}}
	d := New(map[address.Domain]settings.Domain{
		"new.example":  {Provider: p, Canonical: "new.example"},
		"old.example":  {Provider: p, Canonical: "new.example", MovedTo: "new.example"},
		"gone.example": {Moved: gone},
	}, nil, nil)
	anna := address.Address{Local: "anna", Domain: "old.example"}
	got, err := d.Resolve(t.Context(), settings.Query{Domain: "old.example", Address: anna})
	if err != nil || got.Address.String() != "anna@new.example" || got.Domain != "old.example" || got.MovedTo != "new.example" {
		t.Errorf("by address: %+v, %v", got, err)
	}
	got, err = d.Resolve(t.Context(), settings.Query{Host: "old.example"})
	if err != nil || !got.Address.IsZero() || got.MovedTo != "new.example" {
		t.Errorf("by host name: %+v, %v", got, err)
	}
	_, err = d.Resolve(t.Context(), settings.Query{Domain: "gone.example"})
	if moved, ok := errors.AsType[*settings.MovedError](err); !ok || moved != gone || settings.KindOf(err) != settings.UnknownDomain {
		t.Errorf("gone: %v", err)
	}
	for _, host := range []address.Domain{"old.example", "gone.example"} {
		if got, err := d.Resolve(t.Context(), settings.Query{Domain: "customer.example", Host: host}); !errors.Is(err, settings.ErrUnknownDomain) || got.Provider != nil {
			t.Errorf("a customer found by the MX of %s: %+v, %v", host, got, err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	d := New(map[address.Domain]settings.Domain{"a.example": {Provider: &settings.Provider{}, Canonical: "a.example"}}, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Resolve(b.Context(), settings.Query{Domain: "a.example"}); err != nil {
			b.Fatal(err)
		}
	}
}
