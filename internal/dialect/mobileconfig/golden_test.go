package mobileconfig

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

var update = flag.Bool("update", false, "write the profiles into the golden files instead of comparing them")

// TestGoldenProfiles shows whole profiles, one for each shape that other
// servers get wrong. Each is also validated by Apple's schema.
func TestGoldenProfiles(t *testing.T) {
	person := func(local string, domain address.Domain, services ...settings.Service) settings.Settings {
		s := offering(services...)
		s.Domain, s.Canonical, s.Address = domain, domain, address.Address{Local: local, Domain: domain}
		return s
	}
	everything := append(both(), dav(settings.CalDAV, "https://dav.example.net/cal/"), dav(settings.CardDAV, "https://dav.example.net/card/"))
	german := person("anna", "example.com", everything...)
	german.Provider.Name, german.Provider.Names = "Example Mail", map[string]string{"de": "Beispielpost"}
	moved := person("anna", "new.example", both()...)
	moved.Domain, moved.MovedTo = "old.example", "new.example"

	for _, tc := range []struct {
		name    string
		why     string
		s       settings.Settings
		options Options
	}{
		{"everything", "one installation sets up mail, calendars and contacts", person("anna", "example.com", everything...), Options{}},
		{"starttls-only-submission", "there is one switch for both ways to encrypt; off would send the password in clear",
			person("anna", "example.com", mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 587, settings.STARTTLS)), Options{}},
		{"starttls-only", "143 and 587, as before RFC 8314",
			person("anna", "example.com", mailService(settings.IMAP, 143, settings.STARTTLS), mailService(settings.Submission, 587, settings.STARTTLS)), Options{}},
		{"pop-only", "POP is for those who have nothing else",
			person("anna", "example.com", mailService(settings.POP3, 995, settings.TLS), mailService(settings.Submission, 465, settings.TLS)), Options{}},
		{"dav-only", "a provider of calendars and contacts has no mail payload, whose servers the schema demands",
			person("anna", "example.com", everything[2:]...), Options{}},
		{"own-ports", "ports are integers, and part of DAV URLs too",
			person("anna", "example.com", mailService(settings.IMAP, 1993, settings.TLS), mailService(settings.Submission, 1465, settings.TLS), dav(settings.CalDAV, "https://dav.example.net:8443/cal/")), Options{}},
		{"international-domain", "host names and the domain of the address are A-labels: the device does not convert them",
			person("anna", "xn--bcher-kva.example", both()...), Options{}},
		{"oauth2-only-mail", "Apple has no key for OAuth2: mail that takes nothing else is left out, what takes a password is set up",
			person("anna", "example.com", mailService(settings.IMAP, 993, settings.TLS, settings.OAuth2), mailService(settings.Submission, 465, settings.TLS, settings.OAuth2), everything[2]), Options{}},
		{"relay-without-login", "an outgoing server that asks for nothing gets no user name, and no password is shared with it",
			person("anna", "example.com", mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 465, settings.TLS, settings.NoAuth)), Options{}},
		{"markup-in-the-address", "what XML needs escaped arrives as it was typed", person("o'neil&sons", "example.com", both()...), Options{}},
		{"names-by-language", "the provider is named as people in that language know it", german, Options{Language: "de"}},
		{"several-mailboxes", "somebody with two mailboxes installs one profile; each has its own payloads",
			person("anna", "example.com", everything...), Options{Also: []settings.Settings{person("info", "example.org", both()...)}}},
		{"alias-addresses", "aliases are further addresses of one account, not accounts that show the same mail again",
			person("anna", "example.com", both()...), Options{Aliases: []address.Address{{Local: "a.smith", Domain: "example.com"}, {Local: "anna", Domain: "example.org"}}}},
		{"moved", "the account is made for the address that the mailbox has now", moved, Options{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			profile, err := Render(tc.s, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			checkProfile(t, profile)
			golden := filepath.Join("testdata", "golden", tc.name+".mobileconfig")
			if *update {
				if err := os.WriteFile(golden, profile, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(profile, want) {
				t.Errorf("%s\ngot\n%s\nwant\n%s", tc.why, profile, want)
			}
		})
	}
}
