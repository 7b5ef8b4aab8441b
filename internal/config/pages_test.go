package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestPasswordsAtPrivateAddresses pins when verify_private has no effect: where
// somebody else than the operator chooses the address of the host.
func TestPasswordsAtPrivateAddresses(t *testing.T) {
	const listed, anybody = `{example.com: {provider: p}}`, `{"*": {provider: p}}`
	for _, tc := range []struct {
		name, pages, host, domains string
		warned                     bool
	}{
		{"listed domains", "{verify_password: true, verify_private: true}", "imap.{domain}", listed, true},
		{"one host for anybody", "{verify_password: true, verify_private: true}", "mail.example.net", anybody, false},
		{"a host that a visitor names", "{verify_password: true, verify_private: true}", "imap.{domain}", anybody, true},
		{"at public addresses alone", "{verify_password: true}", "imap.{domain}", anybody, false},
		{"no password is checked", "{verify_private: true}", "imap.{domain}", anybody, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := "pages: " + tc.pages + "\nproviders: {p: {services: [{protocol: imap, host: \"" + tc.host + "\"}, {protocol: submission, host: mail.example.net}]}}\ndomains: " + tc.domains + "\n"
			cfg, findings := Parse("waymark.yaml", []byte(text), Environment{})
			if !tc.warned {
				if len(findings) > 0 || cfg.Pages.VerifyPrivate != strings.Contains(tc.pages, "verify_private") {
					t.Errorf("%+v, %v", cfg, findings)
				}
				return
			}
			if len(findings) != 1 || findings[0].Key != "pages.verify_private" || !findings[0].Warning || !cfg.Pages.VerifyPrivate {
				t.Errorf("the findings are %v", findings)
			}
		})
	}
}

// TestSuggestIsBounded pins how many domains an unknown one is compared with.
func TestSuggestIsBounded(t *testing.T) {
	for n, want := range map[int]bool{100: true, 101: false} {
		var text strings.Builder
		text.WriteString("pages: {suggest: [")
		for i := range n {
			fmt.Fprintf(&text, "d%d.example, ", i)
		}
		text.WriteString("]}\nproviders: {p: {services: [{protocol: imap, host: a.example}]}}\ndomains: {a.example: {provider: p}}\n")
		if _, findings := Parse("waymark.yaml", []byte(text.String()), testEnvironment()); findings.HasErrors() == want {
			t.Errorf("%d domains: %v", n, findings)
		}
	}
}
