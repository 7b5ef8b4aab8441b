package service

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
)

// mailAt is a provider whose servers have any name, also one that the settings
// file would not let through.
func mailAt(id, host string) *settings.Provider {
	svc := settings.Service{Protocol: settings.IMAP, Host: host, Port: 993, Security: settings.TLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
	smtp := svc
	smtp.Protocol, smtp.Port = settings.Submission, 465
	return &settings.Provider{ID: id, Name: id, ShortName: id, Services: []settings.Service{svc, smtp}}
}

// TestAWrongProfileIsFoundBeforeItIsServed pins that neither a start nor a
// reload nor a check lets one through.
func TestAWrongProfileIsFoundBeforeItIsServed(t *testing.T) {
	good, bad := mailAt("good", "mail.example.com"), mailAt("bad", "https://mail.example.com/")
	const want = "domain %: invalid Apple profile: payload 1 (com.apple.mail.managed): IncomingMailServerHostName is not a bare host name"
	for name, tc := range map[string]struct {
		cfg    config.Config
		domain string // "" for no finding
	}{
		"good":       {config.Config{Providers: []*settings.Provider{good}}, ""},
		"a provider": {config.Config{Providers: []*settings.Provider{good, bad}}, "example.com"},
		"a domain's own": {config.Config{
			Providers: []*settings.Provider{good},
			Domains:   map[address.Domain]settings.Domain{"own.example": {Provider: bad, Canonical: "own.example"}, "gone.example": {Moved: &settings.MovedError{Domain: "a.example"}}},
		}, "own.example"},
		"nothing for a device": {config.Config{Providers: []*settings.Provider{{ID: "none"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if findings := CheckFiles("waymark.yaml", &tc.cfg, time.Now()); findings.HasErrors() {
				got = findings[0].Text
			}
			if tc.domain == "" && got != "" || tc.domain != "" && !strings.Contains(got, strings.ReplaceAll(want, "%", tc.domain)) {
				t.Errorf("got %q", got)
			}
			if tc.domain == "" {
				return
			}
			if _, err := New(t.Context(), &tc.cfg, nil, Options{StateDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "Apple profile") {
				t.Errorf("the start ends with %v", err)
			}
		})
	}
}
