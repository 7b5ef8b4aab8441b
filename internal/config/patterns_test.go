package config

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestSuffixPatterns(t *testing.T) {
	const text = "providers:\n  mine: {" + services + "}\n  other: {" + services + `}
domains:
  "*.Schools.example": {provider: mine}
  "*.bücher.example": {provider: mine, name: Library}
  "*.internal": {provider: mine}
  "*.github.io": {provider: mine}
  listed.schools.example: {provider: other}
  alias.example: {alias_of: a.schools.example}
  moved.example: {moved_to: b.schools.example}
  "*": {provider: other}
`
	cfg, findings := Parse("waymark.yaml", []byte(text), Environment{})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	mine, other := cfg.Providers[0], cfg.Providers[1]
	if len(cfg.Below) != 4 || cfg.Below["schools.example"] != mine || cfg.Below["internal"] != mine || cfg.Below["xn--bcher-kva.example"].Name != "Library" {
		t.Errorf("have %v", cfg.Below)
	}
	if d := cfg.Domains["alias.example"]; d.Provider != mine || d.Canonical != "a.schools.example" || d.LoginDomain != "a.schools.example" {
		t.Errorf("an alias of a name below a suffix: %+v", d)
	}
	if d := cfg.Domains["moved.example"]; d.Provider != mine || d.MovedTo != "b.schools.example" {
		t.Errorf("moved to a name below a suffix: %+v", d)
	}
	if len(cfg.Domains) != 3 || cfg.Domains["listed.schools.example"].Provider != other {
		t.Errorf("have %v", cfg.Domains)
	}
}

func TestSuffixPatternFindings(t *testing.T) {
	const form = `must be a domain, "*.example.com" for all names below a domain, or "*" for all others`
	for entry, want := range map[string]string{
		`"*example.com": {provider: mine}`:                                           `domains.*example.com: ` + form,
		`"a.*.example.com": {provider: mine}`:                                        `domains.a.*.example.com: ` + form,
		`"*.*.example.com": {provider: mine}`:                                        `domains.*.*.example.com: ` + form,
		`"*.": {provider: mine}`:                                                     `domains.*.: ` + form,
		`"*.com": {provider: mine}`:                                                  `domains.*.com: anybody can register a name below com; list the domains, or use "*"`,
		`"*.co.uk": {provider: mine}`:                                                `domains.*.co.uk: anybody can register a name below co.uk; list the domains, or use "*"`,
		`"*.example.com": {alias_of: example.com}`:                                   `domains.*.example.com.alias_of: "*.example.com" can't have alias_of; give a provider`,
		`"*.example.com": {moved_to: example.com}`:                                   `domains.*.example.com.moved_to: "*.example.com" can't have moved_to; give a provider`,
		`"*.example.com": {}`:                                                        `domains.*.example.com: needs a provider`,
		`a.example: {alias_of: "*.example.com"}`:                                     `domains.a.example.alias_of: the domain is not a valid name`,
		`a.example: {alias_of: example.com}`:                                         `domains.a.example.alias_of: example.com is not listed under domains`,
		`"*.example.com": {provider: mine, services: []}`:                            `domains.*.example.com.services: must contain at least one service`,
		"\"*.example.com\": {provider: mine}\n  \"*.EXAMPLE.com\": {provider: mine}": `domains.*.EXAMPLE.com: duplicate domain, first listed on line 4, spelt *.example.com`,
	} {
		_, findings := Parse("waymark.yaml", []byte("providers:\n  mine: {"+services+"}\ndomains:\n  "+entry+"\n"), Environment{})
		got := lines(findings)
		if _, text, _ := strings.Cut(got, ": "); strings.TrimSuffix(text, "\n") != want {
			t.Errorf("%s: got\n%s, want\n%s", entry, got, want)
		}
	}
}

// TestPublicSuffixes pins that a name below which a registry sells domains cannot be a pattern.
func TestPublicSuffixes(t *testing.T) {
	for d, want := range map[address.Domain]bool{
		"com": true, "co.uk": true, "xn--p1ai": true, "example.com": false, "internal": false, "lan": false, "github.io": false, "schools.example": false,
	} {
		if got := publicSuffix(d); got != want {
			t.Errorf("%s: %v", d, got)
		}
	}
}
