package service

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
)

const schools = `
providers:
  one:
    mta_sts: {mode: enforce, mx: ["*.mail.example.net"]}
    services:
      - {protocol: imap, host: "imap.{domain}"}
      - {protocol: submission, host: smtp.example.net}
domains:
  "*.schools.example": {provider: one}
`

// TestNamesBelowASuffix are answered in every way as listed ones, without a source.
func TestNamesBelowASuffix(t *testing.T) {
	h := start(t, `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
limits: {unknown_per_minute: 1, unknown_per_second: 1}
directory: [{source: sql, driver: sqlite, dsn: missing.db, provider: one, queries: {domain: "SELECT 1 WHERE {domain} = ''"}}]
`+schools)
	for path, want := range map[string]int{
		"a.schools.example": 200, "b.a.schools.example": 200, "c.schools.example": 200, "d.schools.example": 200,
		"schools.example": 503, "a.myschools.example": 503, // only the source could know them, and it is down
	} {
		if got, text := h.get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=anna@" + path); got != want {
			t.Errorf("%s: %d %s, want %d", path, got, text, want)
		}
	}
	req, err := http.NewRequest(http.MethodGet, "http://"+h.svc.Addr("http")+"/.well-known/mta-sts.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "mta-sts.a.schools.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the MTA-STS policy: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	for name, want := range map[string]int{"autoconfig.a.schools.example": 200, "mta-sts.b.a.schools.example": 200, "autoconfig.schools.example": 503, "www.a.schools.example": 404} {
		if got, text := h.get("http://" + h.svc.Addr("ops") + "/-/certificate?domain=" + url.QueryEscape(name)); got != want {
			t.Errorf("a certificate for %s: %d %s, want %d", name, got, text, want)
		}
	}
}

// TestHostsBelowASuffixAreFromOutside: who has a name below the suffix chooses the
// address of imap.{domain}, so its password checks stay on public addresses.
func TestHostsBelowASuffixAreFromOutside(t *testing.T) {
	cfg, findings := config.Parse("waymark.yaml", []byte("pages: {verify_password: true, verify_private: true}\n"+schools), config.Environment{})
	if len(findings) != 1 || !findings[0].Warning || !strings.Contains(findings[0].Text, "imap.{domain}") {
		t.Errorf("findings %v", findings)
	}
	s, err := Resolve(t.Context(), cfg, settings.Query{Domain: "a.schools.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, svc := range s.Services() {
		if outside := svc.Host == "imap.a.schools.example"; svc.HostFromOutside != outside {
			t.Errorf("%s: from outside %v", svc.Host, svc.HostFromOutside)
		}
	}
}

// TestASuffixThatIsGone: as its names cannot be counted, a reload must not remove the
// last one.
func TestASuffixThatIsGone(t *testing.T) {
	old := &config.Config{Below: settings.Suffixes{"schools.example": {}}, Reload: config.Reload{MaxRemoved: 10}}
	if err := guardDomains(old, &config.Config{}); err == nil || !strings.HasPrefix(err.Error(), "1 of 1 domains are missing") {
		t.Error(err)
	}
	if err := guardDomains(old, &config.Config{Domains: map[address.Domain]settings.Domain{"a.example": {}}}); err != nil {
		t.Error(err)
	}
}
