package main

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/i18n"
)

// TestTextsAreSettings puts what the command prints into a settings file, which changes
// nothing.
func TestTextsAreSettings(t *testing.T) {
	const services = "providers: {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}\ndomains: {a.example: {provider: p}}\n"
	for _, c := range i18n.All().Languages() {
		for _, voice := range i18n.Voices() {
			status, stdout, stderr := waymark(t, "texts", c.Language, "--voice", string(voice))
			if status != statusFine || stderr != "" {
				t.Fatalf("%s: status %d: %s", c.Language, status, stderr)
			}
			cfg, findings := config.Parse("waymark.yaml", []byte(stdout+services), config.Environment{})
			if len(findings) > 0 {
				t.Fatalf("%s: %v", c.Language, findings)
			}
			spoken := i18n.All().Speaking(voice, nil).In(c.Language)
			if got := cfg.Pages.Texts[c.Language]; len(got) != len(spoken.Keys()) || got["page.address"] != spoken.Text("page.address") {
				t.Errorf("%s: %d of %d texts", c.Language, len(got), len(spoken.Keys()))
			}
		}
	}
}

func TestTextsOfAnUnknownLanguage(t *testing.T) {
	for args, want := range map[string]string{
		"texts dk":            `unknown language "dk"; known: en, de, es, fr, it`,
		"texts de --voice me": `unknown voice "me"; known: formal, informal`,
	} {
		if status, _, stderr := waymark(t, strings.Fields(args)...); status != statusUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", args, status, stderr)
		}
	}
}
