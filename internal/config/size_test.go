package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestFilesThatTakeTooMuch reads files that are larger or deeper than allowed, and
// such that just fit.
func TestFilesThatTakeTooMuch(t *testing.T) {
	const provider = "providers: {p: {services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]}}\ndomains:\n"
	domains := func(n int) string {
		var b strings.Builder
		b.WriteString(provider)
		for i := range n {
			fmt.Fprintf(&b, "  customer-%d.example: {provider: p}\n", i)
		}
		return b.String()
	}
	nested := func(levels int) string {
		return provider + "  example.com: {provider: p}\nlisten: " + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1)
	}
	for _, tc := range []struct {
		name, text string
		memory     int64
		want       string
	}{
		{"1,000 domains", domains(1000), 2 << 20, ""},
		{"3,000 domains in too little memory", domains(3000), 1 << 20, "reading the file would take about 1 MiB of memory, and at most 1 MiB are allowed; raise the memory limit of the process, or keep the domains in a database or a directory"},
		{"a list of millions", "domains: [" + strings.Repeat("{},", 2_000_000) + "{}]", 0, "reading the file would take about 1352 MiB of memory, and at most 768 MiB are allowed; raise the memory limit of the process, or keep the domains in a database or a directory"},
		{"the same, and memory for it", "domains: [" + strings.Repeat("{},", 2_000_000) + "{}]", 8 << 30, "at most 768 MiB are allowed"},
		{"too long", "# " + strings.Repeat("x", MaxSettingsFile), 8 << 30, "the file is larger than 16 MiB; keep the domains in a database or a directory"},
		{"as deep as allowed", nested(maxDepth), 0, "must be a text, is a list"},
		{"too deep", nested(maxDepth + 1), 0, ":4: blocks and lists are nested deeper than 32 levels"},
		{"far too deep", "a: " + strings.Repeat("[", 100_000), 0, "not valid YAML: "},
		{"blocks that are too deep", provider + "  a:\n" + deep(40), 0, "blocks and lists are nested deeper than 32 levels"},
	} {
		cfg, findings := Parse("waymark.yaml", []byte(tc.text), Environment{Memory: tc.memory})
		if tc.want == "" {
			if len(findings) > 0 || cfg == nil {
				t.Errorf("%s: %v", tc.name, findings)
			}
			continue
		}
		if cfg != nil || len(findings) != 1 || !strings.Contains(findings[0].String(), tc.want) {
			t.Errorf("%s: %.300v, want %s", tc.name, findings, tc.want)
		}
	}
}

// deep returns blocks inside of each other.
func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i+3) + "a:\n")
	}
	return b.String()
}
