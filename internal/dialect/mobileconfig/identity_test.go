package mobileconfig

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// identifiers returns the identifiers and UUIDs of a profile and its payloads.
func identifiers(t *testing.T, s settings.Settings, o Options) map[string]bool {
	t.Helper()
	top, payloads := render(t, s, o)
	ids := map[string]bool{top["PayloadIdentifier"].(string): true, top["PayloadUUID"].(string): true}
	for _, p := range payloads {
		ids[p["PayloadIdentifier"].(string)], ids[p["PayloadUUID"].(string)] = true, true
	}
	return ids
}

// TestUUIDs compares UUIDs, also of long names, with those of the library.
func TestUUIDs(t *testing.T) {
	for n := range 300 {
		name := strings.Repeat("é", n)
		want := uuid.NewSHA1(origin, []byte(name))
		if got := derived(origin, name); got != want || upper(got) != strings.ToUpper(want.String()) {
			t.Errorf("%d characters: %s, in capitals %s; want %s", n, got, upper(got), want)
		}
	}
}

// TestIdentifiers pins what decides whether a device updates an account, makes
// a second one, or overwrites another.
func TestIdentifiers(t *testing.T) {
	base := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"))...)
	want := identifiers(t, base, Options{})
	same := map[string]func(*settings.Settings, *Options){
		"again":                 func(*settings.Settings, *Options) {},
		"in another language":   func(_ *settings.Settings, o *Options) { o.Language = "fr" },
		"all chosen by name":    func(_ *settings.Settings, o *Options) { o.Selection = Selection{true, true, true} },
		"capitals in the name":  func(s *settings.Settings, _ *Options) { s.Address.Local = "Anna" },
		"on another mail host":  func(s *settings.Settings, _ *Options) { s.Provider.Services[0].Host = "new.example.net" },
		"under another name":    func(s *settings.Settings, _ *Options) { s.Provider.Name = "New" },
		"by another host's URL": func(s *settings.Settings, _ *Options) { s.Provider.Services[2].URL = "https://new.example.net/x" },
	}
	other := map[string]func(*settings.Settings, *Options){
		"another mailbox":    func(s *settings.Settings, _ *Options) { s.Address.Local = "bert" },
		"another domain":     func(s *settings.Settings, _ *Options) { s.Address.Domain = "example.org" },
		"another provider":   func(s *settings.Settings, _ *Options) { s.Provider.ID = "other" },
		"mail only":          func(_ *settings.Settings, o *Options) { o.Selection = Selection{Mail: true} },
		"calendars only":     func(_ *settings.Settings, o *Options) { o.Selection = Selection{Calendar: true} },
		"mail and calendars": func(_ *settings.Settings, o *Options) { o.Selection = Selection{Mail: true, Calendar: true} },
	}
	vary := func(change func(*settings.Settings, *Options)) map[string]bool {
		s, o := base, Options{}
		p := *base.Provider
		p.Services = append([]settings.Service(nil), base.Provider.Services...)
		s.Provider = &p
		change(&s, &o)
		return identifiers(t, s, o)
	}
	for name, change := range same {
		got := vary(change)
		for id := range want {
			if !got[id] {
				t.Errorf("%s: %s is gone", name, id)
			}
		}
	}
	for name, change := range other {
		for id := range vary(change) {
			if want[id] {
				t.Errorf("%s: %s is shared", name, id)
			}
		}
	}
}

// TestIdentifiersNeverChange pins the identifiers: a release that changes them
// creates a second account on every device. Any UUIDv5 tool computes the same
// values.
func TestIdentifiersNeverChange(t *testing.T) {
	top, payloads := render(t, offering(both()...), Options{})
	wants(t, top, map[string]any{
		"PayloadIdentifier": "org.waymark-mail.example.22f459ac-4815-5201-b713-681fad6d2aa4",
		"PayloadUUID":       "22F459AC-4815-5201-B713-681FAD6D2AA4",
	})
	wants(t, payloads["com.apple.mail.managed"], map[string]any{
		"PayloadIdentifier": "org.waymark-mail.example.22f459ac-4815-5201-b713-681fad6d2aa4.mail",
		"PayloadUUID":       "1D7872A3-52F0-5D88-AA5A-E4774B933001",
	})
}

// TestIdentifiersOfSeveralMailboxes pins that the order in which addresses were
// given, and aliases, make no new accounts.
func TestIdentifiersOfSeveralMailboxes(t *testing.T) {
	anna, info := offering(both()...), offering(both()...)
	info.Address.Local = "info"
	ids := func(o Options, s settings.Settings) string {
		profile, err := Render(s, o)
		if err != nil {
			t.Fatal(err)
		}
		checkProfile(t, profile)
		var found []string
		for _, m := range regexp.MustCompile(`<key>Payload(?:Identifier|UUID)</key>\s*<string>([^<]*)</string>`).FindAllStringSubmatch(string(profile), -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return strings.Join(found, "\n")
	}
	one := ids(Options{}, anna)
	two := ids(Options{Also: []settings.Settings{info}}, anna)
	if swapped := ids(Options{Also: []settings.Settings{anna}}, info); swapped != two {
		t.Errorf("in another order:\n%s\nwant\n%s", swapped, two)
	}
	if again := ids(Options{Also: []settings.Settings{anna}}, anna); again != one {
		t.Errorf("the same mailbox again:\n%s\nwant\n%s", again, one)
	}
	if alias := ids(Options{Aliases: []address.Address{info.Address}}, anna); alias != one {
		t.Errorf("with an alias:\n%s\nwant\n%s", alias, one)
	}
	for _, id := range strings.Split(one, "\n") {
		if strings.Contains(two, id) {
			t.Errorf("%s is in both profiles: removing one would remove the account of the other", id)
		}
	}
}
