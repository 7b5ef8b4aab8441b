package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const invitingSettings = `pages: {url: "https://setup.example.com/", keys: [0123456789abcdef0123456789abcdef]}
providers:
  p: {services: [{protocol: imap, host: imap.example.com}, {protocol: submission, host: smtp.example.com}]}
domains: {example.com: {provider: p}}
`

func TestInvite(t *testing.T) {
	write := func(text string) string { return file(t, "waymark.yaml", text) }
	good := write(invitingSettings)
	status, out, errs := waymark(t, "invite", "anna@example.com", "-c", good, "-o", "json", "--expires", "1d")
	var made struct {
		URL     string
		Expires time.Time
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || status != statusFine || !strings.HasPrefix(made.URL, "https://setup.example.com/i/") || strings.Contains(made.URL, "anna") {
		t.Errorf("%d, %v, %s, %s", status, err, out, errs)
	}
	if in := time.Until(made.Expires); in < 23*time.Hour || in > 24*time.Hour {
		t.Errorf("it works for %s", in)
	}
	if _, out, _ := waymark(t, "invite", "anna@example.com", "-c", good); !strings.Contains(out, "works until ") || strings.Count(out, "█") < 100 {
		t.Errorf("no QR code in\n%s", out)
	}
	for name, tc := range map[string]struct {
		settings string
		args     []string
		want     string
	}{
		"no address":      {invitingSettings, []string{"anna"}, "the address has no @"},
		"nobody's domain": {invitingSettings, []string{"anna@example.net"}, "example.net: this server does not answer for that domain"},
		"too long":        {invitingSettings, []string{"anna@example.com", "--expires", "366d"}, "a link can work for a minute to a year"},
		"no time":         {invitingSettings, []string{"anna@example.com", "--expires", "0"}, "a link can work for a minute to a year, not for 0s"},
		"no days":         {invitingSettings, []string{"anna@example.com", "--expires", "0d"}, "a link can work for a minute to a year, not for 0s"},
		"before now":      {invitingSettings, []string{"anna@example.com", "--expires", "-1h"}, "a link can work for a minute to a year, not for -1h"},
		"no duration":     {invitingSettings, []string{"anna@example.com", "--expires", "soon"}, `--expires: "soon" is not a duration such as 90s, 12h or 30d`},
		"no URL":          {strings.Replace(invitingSettings, `url: "https://setup.example.com/", `, "", 1), []string{"anna@example.com"}, "pages.url is not set"},
		"no key":          {strings.Replace(invitingSettings, "0123456789abcdef0123456789abcdef", "", 1), []string{"anna@example.com"}, "pages.keys is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := waymark(t, append([]string{"invite", "-c", write(tc.settings)}, tc.args...)...)
			want := statusUsage
			if name == "nobody's domain" {
				want = statusFindings
			}
			if status != want || !strings.Contains(errs, tc.want) {
				t.Errorf("%d, %s, want %s", status, errs, tc.want)
			}
		})
	}
}

func TestRenderThePage(t *testing.T) {
	for _, tc := range []struct{ client, want string }{
		{"outlook", `value="outlook-new" aria-current="true"`},
		{"outlook-m", `value="outlook-mobile" aria-current="true"`},
		{"thunderbird", `value="thunderbird" aria-current="true"`},
		{"", "Your device"},
	} {
		status, out, errs := waymark(t, "render", "page", "anna@example.com", "-c", infomaniak, "--client", tc.client, "--lang", "en")
		if status != statusFine || !strings.Contains(out, tc.want) {
			t.Errorf("%s: %d, %s, no %s in\n%s", tc.client, status, errs, tc.want, out)
		}
	}
	if status, _, errs := waymark(t, "render", "page", "anna@example.com", "-c", infomaniak, "--client", "mutt"); status != statusUsage || !strings.Contains(errs, `unknown app "mutt"; known: `) {
		t.Errorf("%d, %s", status, errs)
	}
	if _, out, _ := waymark(t, "render", "page", "anna@example.com", "-c", infomaniak, "--client", "thunderbird", "--lang", "fr"); !strings.Contains(out, `<html lang="fr">`) {
		t.Error("the language cannot be chosen")
	}
}
