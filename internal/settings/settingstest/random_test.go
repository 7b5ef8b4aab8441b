package settingstest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func TestRandomSettingsAreValid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := Random(r)
		problems := s.Provider.Problems()
		for _, svc := range s.Provider.Services {
			problems = append(problems, svc.Problems()...)
			if svc.Host != "" {
				if host, err := settings.ParseHost(svc.Host); host != svc.Host {
					t.Fatalf("host %q is not canonical: %q, %v", svc.Host, host, err)
				}
			}
			if svc.URL != "" {
				if u, err := settings.ParseURL(svc.URL); u != svc.URL {
					t.Fatalf("url %q is not canonical: %q, %v", svc.URL, u, err)
				}
			}
		}
		for _, p := range problems {
			if !p.Warning {
				t.Fatalf("%+v: %s: %s", s.Provider, p.Key, p.Text)
			}
		}
		for _, d := range []address.Domain{s.Domain, s.Canonical} {
			if canonical, err := address.ParseDomain(string(d)); canonical != d {
				t.Fatalf("domain %q is not canonical: %q, %v", d, canonical, err)
			}
		}
		if !s.Address.IsZero() {
			if a, err := address.Parse(s.Address.String()); a != s.Address {
				t.Fatalf("address %q is not canonical: %q, %v", s.Address, a, err)
			}
		}
	}
}

func TestRandomSettingsCoverTheVocabulary(t *testing.T) {
	seen := map[any]bool{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := Random(r)
		seen["alias"] = seen["alias"] || s.Domain != s.Canonical
		seen["address"] = seen["address"] || !s.Address.IsZero()
		seen["no address"] = seen["no address"] || s.Address.IsZero()
		for _, svc := range s.Provider.Services {
			seen[svc.Protocol] = true
			seen[svc.Security] = true
			for _, a := range svc.Auth {
				seen[a] = true
			}
		}
	}
	want := []any{"alias", "address", "no address"}
	for _, p := range settings.Protocols() {
		want = append(want, p)
	}
	for _, s := range settings.Securities() {
		want = append(want, s)
	}
	for _, a := range settings.Auths() {
		want = append(want, a)
	}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("%v never came up", w)
		}
	}
}

func TestRandomSettingsRepeat(t *testing.T) {
	a, b := rand.New(rand.NewPCG(7, 8)), rand.New(rand.NewPCG(7, 8))
	for range 100 {
		if x, y := Random(a), Random(b); !reflect.DeepEqual(x, y) {
			t.Fatalf("one seed gave %+v and %+v", x, y)
		}
	}
	if slices.ContainsFunc([]uint64{1, 2, 3, 4, 5, 6, 7, 8}, func(seed uint64) bool {
		return reflect.DeepEqual(Random(rand.New(rand.NewPCG(seed, 0))), Random(rand.New(rand.NewPCG(seed+100, 0))))
	}) {
		t.Error("two seeds gave the same settings")
	}
}
