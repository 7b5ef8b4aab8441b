package settingstest

import (
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
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
		for _, value := range vocabularyOf(Random(r)) {
			seen[value] = true
		}
	}
	var want []any
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

func vocabularyOf(s settings.Settings) []any {
	var values []any
	for _, svc := range s.Provider.Services {
		values = append(values, svc.Protocol, svc.Security)
		for _, a := range svc.Auth {
			values = append(values, a)
		}
	}
	return values
}

// Each of these is a case that some renderer treats in its own way.
func TestRandomSettingsCoverTheCases(t *testing.T) {
	anyService := func(is func(settings.Service) bool) func(settings.Settings) bool {
		return func(s settings.Settings) bool { return slices.ContainsFunc(s.Provider.Services, is) }
	}
	anyURL := func(is func(*url.URL) bool) func(settings.Settings) bool {
		return anyService(func(svc settings.Service) bool {
			u, err := url.Parse(strings.ReplaceAll(svc.URL, "{domain}", "example.com"))
			return svc.URL != "" && err == nil && is(u)
		})
	}
	login := func(form settings.Login) func(settings.Settings) bool {
		return anyService(func(svc settings.Service) bool { return svc.Login == form })
	}
	for _, tc := range []struct {
		name string
		is   func(settings.Settings) bool
	}{
		{"address", func(s settings.Settings) bool { return !s.Address.IsZero() }},
		{"domain alone", func(s settings.Settings) bool { return s.Address.IsZero() }},
		{"address of a domain that another one answers for", func(s settings.Settings) bool { return !s.Address.IsZero() && s.Address.Domain != s.Domain }},
		{"sub-address that is cut off", func(s settings.Settings) bool {
			return s.Provider.Subaddress == "+" && s.Address.WithoutTag("+") != s.Address
		}},
		{"sub-address with another separator", func(s settings.Settings) bool {
			return s.Provider.Subaddress == "-" && s.Address.WithoutTag("-") != s.Address
		}},
		{"sub-address that is kept", func(s settings.Settings) bool {
			return s.Provider.Subaddress == "" && strings.Contains(s.Address.Local, "+")
		}},
		{"local part with a sign that XML escapes", func(s settings.Settings) bool { return strings.ContainsAny(s.Address.Local, "&'") }},
		{"local part beyond ASCII", func(s settings.Settings) bool { return strings.Contains(s.Address.Local, "用") }},
		{"alias domain", func(s settings.Settings) bool { return s.Domain != s.Canonical }},
		{"international domain", func(s settings.Settings) bool { return strings.HasPrefix(string(s.Domain), "xn--") }},
		{"name with signs that XML escapes", func(s settings.Settings) bool {
			return strings.ContainsAny(s.Provider.Name, "&") && strings.ContainsAny(s.Provider.Name, `<>"`)
		}},
		{"name beyond ASCII", func(s settings.Settings) bool { return strings.Contains(s.Provider.Name, "ü") }},
		{"page for people", func(s settings.Settings) bool { return s.Provider.HelpURL != "" }},
		{"no page for people", func(s settings.Settings) bool { return s.Provider.HelpURL == "" }},
		{"OAuth2", func(s settings.Settings) bool { return s.Provider.OAuth2 != nil }},
		{"no OAuth2", func(s settings.Settings) bool { return s.Provider.OAuth2 == nil }},
		{"organization", func(s settings.Settings) bool { return s.Provider.Profile.Organization != "" }},
		{"consent", func(s settings.Settings) bool { return len(s.Provider.Profile.ConsentText) > 0 }},
		{"removal", func(s settings.Settings) bool { return !s.Provider.Profile.RemovalDate.IsZero() }},
		{"DAV for Outlook", func(s settings.Settings) bool { return s.Provider.Outlook.DAV }},
		{"no JSON for Outlook", func(s settings.Settings) bool { return s.Provider.Outlook.NoJSON }},
		{"host with a template", anyService(func(svc settings.Service) bool { return strings.Contains(svc.Host, "{domain}") })},
		{"host without a template", anyService(func(svc settings.Service) bool { return svc.Host != "" && !strings.Contains(svc.Host, "{domain}") })},
		{"URL with a template", anyService(func(svc settings.Service) bool { return strings.Contains(svc.URL, "{domain}") })},
		{"URL with a port", anyURL(func(u *url.URL) bool { return u.Port() != "" })},
		{"URL without a path", anyURL(func(u *url.URL) bool { return u.Path == "" })},
		{"URL with a path", anyURL(func(u *url.URL) bool { return len(u.Path) > 1 })},
		{"URL without TLS", anyURL(func(u *url.URL) bool { return u.Scheme == "http" })},
		{"login by address", login(settings.LoginAddress)},
		{"login by local part", login("{local}")},
		{"login by parts", login("{local}.{domain}")},
		{"login of everybody", anyService(func(svc settings.Service) bool { return svc.Login.Literal() })},
		{"port that contradicts its security", anyService(func(svc settings.Service) bool { return settings.PortContradicts(svc.Port, svc.Security) })},
		{"two ways to authenticate", anyService(func(svc settings.Service) bool { return len(svc.Auth) > 1 })},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		came := false
		for range 2000 {
			if came = tc.is(Random(r)); came {
				break
			}
		}
		if !came {
			t.Errorf("%s: never came up", tc.name)
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
