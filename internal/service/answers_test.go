package service

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/config"
)

// TestOAuth2AloneIsWarnedAbout pins that an operator learns which clients have no
// answer, and that a redirect of Autodiscover is one.
func TestOAuth2AloneIsWarnedAbout(t *testing.T) {
	const (
		outlook = "Autodiscover cannot express these authentication methods and has no answer"
		apple   = "an Apple profile cannot express these authentication methods and has no answer"
		pacc    = "PACC cannot express these authentication methods and has no answer"
		server  = "oauth2: {issuer: https://login.example.com, auth_url: https://login.example.com/a, token_url: https://login.example.com/t, scope: mail}"
	)
	for name, tc := range map[string]struct {
		provider, domain string
		want             []string
	}{
		"passwords":                 {"auth: [password]", "", nil},
		"passwords beside":          {"auth: [oauth2, password]", "", nil},
		"oauth2 alone":              {"auth: [oauth2]", "", []string{"providers.p.auth: " + outlook, "providers.p.auth: " + apple, "providers.p.auth: " + pacc}},
		"with the server":           {"auth: [oauth2]\n    " + server, "", []string{"providers.p.auth: " + outlook, "providers.p.auth: " + apple}},
		"redirected":                {"auth: [oauth2]\n    autodiscover: {redirect: 'https://outlook.example/autodiscover/autodiscover.xml'}\n    " + server, "", []string{"providers.p.auth: " + apple}},
		"at one domain":             {"auth: [password]\n    " + server, ", auth: [oauth2]", []string{"domains.example.com.auth: " + outlook, "domains.example.com.auth: " + apple}},
		"at one domain, redirected": {"auth: [password]\n    " + server, ", auth: [oauth2], autodiscover: {redirect: '{local}@tenant.example'}", []string{"domains.example.com.auth: " + apple}},
		"at a domain as everywhere": {"auth: [oauth2]\n    " + server, ", brand: {color: '#123456'}", []string{"providers.p.auth: " + outlook, "providers.p.auth: " + apple}},
		"a service with its own":    {"auth: [password]", ", services: [{protocol: imap, host: imap.example.com, auth: [oauth2]}]", []string{"domains.example.com.auth: " + apple}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, findings := config.Parse("waymark.yaml", []byte("providers:\n  p:\n    services: [{protocol: imap, host: imap.example.com}, {protocol: submission, host: smtp.example.com}]\n    "+
				tc.provider+"\ndomains: {example.com: {provider: p"+tc.domain+"}}\n"), config.Environment{})
			if len(findings) > 0 {
				t.Fatal(findings)
			}
			var got []string
			for _, f := range CheckFiles("waymark.yaml", cfg, t.TempDir(), time.Now()) {
				text, _, _ := strings.Cut(f.Text, ";")
				got = append(got, f.Key+": "+text)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
