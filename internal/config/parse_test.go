package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"no reference", "a $HOME {b}", "a $HOME {b}"},
		{"variable", "${env:IMAP}", "imap"},
		{"empty variable", "a${env:EMPTY}b", "ab"},
		{"inside of a longer text", "https://${env:HOST}/${env:IMAP}/", "https://mail.example.com/imap/"},
		{"file, less its line break", "${file:organization}", "Example Ltd"},
		{"file, less a Windows line break", "${file:secret}", secret},
		{"literal", "$${env:IMAP}", "${env:IMAP}"},
		{"literal before a reference", "$${${env:IMAP}}", "${imap}"},
		{"dollar before a literal", "$$${x}", "$${x}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &reader{env: testEnvironment(), references: map[[2]string]reference{}}
			if have, err := r.expand(tc.in, "/etc"); err != nil || have != tc.want {
				t.Errorf("have %q, %v; want %q", have, err, tc.want)
			}
		})
	}
}

func TestReferencesAreLookedUpOnce(t *testing.T) {
	asked := 0
	env := Environment{Getenv: func(string) (string, bool) {
		asked++
		return fmt.Sprintf("%d.example.com", asked), true
	}}
	cfg, findings := Parse("waymark.yaml", []byte(`
providers: {p: {services: [{protocol: imap, host: "${env:HOST}"}, {protocol: submission, host: "${env:HOST}"}]}}
domains: {example.com: {provider: p}}
`), env)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if s := cfg.Providers[0].Services; asked != 1 || s[0].Host != s[1].Host {
		t.Errorf("one reference has the values %s and %s", s[0].Host, s[1].Host)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"imap", "pop3", "submission", "tls", "plaintext", "host", "q"}
	for _, tc := range []struct{ name, in, want string }{
		{"letter too many", "imaps", "imap"},
		{"letter missing", "submision", "submission"},
		{"other case", "IMAP", "imap"},
		{"letters swapped", "tsl", "tls"},
		{"what others call it", "ssl", "tls"},
		{"what others call it, in any case", "SMTP", "submission"},
		{"nothing like it", "gopher", ""},
		{"one letter is like any other", "p", ""},
		{"empty", "", ""},
		{"endless", strings.Repeat("imap", 1000), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if have, ok := nearest(tc.in, known); have != tc.want || ok != (tc.want != "") {
				t.Errorf("have %q, want %q", have, tc.want)
			}
		})
	}
}

func TestNothingIsSuggestedFromALongList(t *testing.T) {
	known := make([]string, maxCandidates+1)
	for i := range known {
		known[i] = fmt.Sprintf("provider-%d", i)
	}
	if have, ok := nearest("provider-1x", known); ok {
		t.Errorf("have %q", have)
	}
	if have, ok := nearest("provider-1x", known[:maxCandidates]); !ok {
		t.Errorf("have %q, want a provider of a list that is short enough", have)
	}
}

func TestManyAliasesOfOneBlockAreFine(t *testing.T) {
	var b strings.Builder
	b.WriteString(`
providers: {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}
domains:
  first.example: &customer
    {provider: p, login: "{local}", help_url: "https://a.example/", services: [{protocol: imap, host: b.example, port: 993, security: tls}]}
`)
	for i := range 10_000 {
		fmt.Fprintf(&b, "  d%d.example: *customer\n", i)
	}
	cfg, findings := Parse("waymark.yaml", []byte(b.String()), Environment{})
	if len(findings) > 0 || len(cfg.Domains) != 10_001 {
		t.Errorf("have findings %v, want 10001 domains", findings)
	}
}

func TestKeysMayStandInAnyOrder(t *testing.T) {
	const inOrder = `
autodiscover: {dav: true}
providers: {p: {login: "{local}", auth: [ntlm], services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}
domains: {a.example: {provider: p}, b.example: {alias_of: a.example}}
`
	const reversed = `
domains: {b.example: {alias_of: a.example}, a.example: {provider: p}}
providers: {p: {services: [{host: a.example, protocol: imap}, {host: a.example, protocol: submission}], auth: [ntlm], login: "{local}"}}
autodiscover: {dav: true}
`
	a, findings := Parse("waymark.yaml", []byte(inOrder), Environment{})
	b, more := Parse("waymark.yaml", []byte(reversed), Environment{})
	if a == nil || len(findings)+len(more) > 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("have %s %v and %s %v", dump(t, a), findings, dump(t, b), more)
	}
}

// manyDomains is a settings file with n domains.
func manyDomains(n int) []byte {
	var b strings.Builder
	b.WriteString("providers: {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}\ndomains:\n")
	for i := range n {
		fmt.Fprintf(&b, "  d%d.example: {provider: p}\n", i)
	}
	return []byte(b.String())
}

func BenchmarkParse100kDomains(b *testing.B) {
	data := manyDomains(100_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		cfg, findings := Parse("waymark.yaml", data, Environment{})
		if len(findings) > 0 || len(cfg.Domains) != 100_000 {
			b.Fatal(findings)
		}
	}
}

func BenchmarkParse10Domains(b *testing.B) {
	data := manyDomains(10)
	b.ReportAllocs()
	for b.Loop() {
		if _, findings := Parse("waymark.yaml", data, Environment{}); len(findings) > 0 {
			b.Fatal(findings)
		}
	}
}
