package service

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// healthy finds nothing wrong with any domain.
type healthy struct{}

func (healthy) Diagnose(context.Context, settings.Settings) (page.Diagnosis, error) {
	return page.Diagnosis{Clients: []page.Client{{Name: "Outlook", Outcome: page.Works}}}, nil
}

const owned = `
pages: {url: "https://setup.example.net", keys: [0123456789abcdef0123456789abcdef], doctor: true}
providers:
  p:
    name: Example
    services:
      - {protocol: imap, host: "imap.{domain}"}
      - {protocol: submission, host: smtp.example.net, port: 587, security: starttls}
      - {protocol: caldav, url: "https://DAV.example.net/calendars/"}
      - {protocol: carddav, url: "https://dav.example.net:8443/contacts/"}
    oauth2: {issuer: "https://login.example.net", auth_url: "https://login.example.net/a", token_url: "https://login.example.net/t", scope: mail}
domains:
  example.com: {provider: p}
  old.example: {moved_to: "https://elsewhere.example/autodiscover/autodiscover.xml"}
  "*": {provider: p}
`

// TestOwnersAreLimited pins that the page for owners examines known domains only, connects
// to nothing but the servers of their settings, and shows the records that lead here.
func TestOwnersAreLimited(t *testing.T) {
	cfg, findings := config.Parse("waymark.yaml", []byte(owned), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	var asked []string
	s := &Service{options: Options{Clients: func(_ context.Context, d address.Domain, only []string) ([]page.Client, error) {
		asked = append(asked, string(d))
		want := []string{
			"autoconfig.example.com:443", "autoconfig.example.com:80", "autodiscover.example.com:443", "autodiscover.example.com:80",
			"dav.example.net:443", "dav.example.net:8443", "example.com:443", "example.com:80", "imap.example.com:993", "login.example.net:443",
			"mta-sts.example.com:443", "mta-sts.example.com:80", "setup.example.net:443", "setup.example.net:80", "smtp.example.net:587",
			"ua-auto-config.example.com:443", "ua-auto-config.example.com:80",
		}
		if !slices.Equal(only, want) {
			t.Errorf("connects to %q", only)
		}
		return []page.Client{{Name: "Outlook", Outcome: page.Broken, Findings: []string{"tls-expired"}}}, nil
	}}}
	directory := (&Sources{}).Directory(cfg, telemetry.NewMetrics("", ""))
	owners := s.ownersFor(cfg, directory)
	found := func(d address.Domain) settings.Settings {
		got, err := directory.Resolve(t.Context(), settings.Query{Domain: d})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all, err := owners.Diagnose(t.Context(), found("example.com"))
	if err != nil || fmt.Sprint(all.Clients) != "[{Outlook broken [tls-expired]}]" || len(all.Records) < 7 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, want := range []page.Record{
		{Name: "autoconfig.example.com.", Type: "CNAME", Value: "setup.example.net."},
		{Name: "_imaps._tcp.example.com.", Type: "SRV", Value: "0 1 993 imap.example.com."},
		{Name: "_carddavs._tcp.example.com.", Type: "TXT", Value: "path=/contacts/"},
	} {
		if !slices.Contains(all.Records, want) {
			t.Errorf("%v is not in %v", want, all.Records)
		}
	}
	if _, err := owners.Diagnose(t.Context(), found("stranger.example")); settings.KindOf(err) != settings.UnknownDomain {
		t.Errorf("a domain of the catch-all: %v", err)
	}
	if !slices.Equal(asked, []string{"example.com"}) {
		t.Errorf("examined %s", asked)
	}
	for name, off := range map[string]page.Doctor{
		"by default":      s.ownersFor(&config.Config{}, directory),
		"without doctors": (&Service{}).ownersFor(cfg, directory),
	} {
		if off != nil {
			t.Errorf("%s, domains are examined", name)
		}
	}
}
