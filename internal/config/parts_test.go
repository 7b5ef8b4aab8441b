package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestPartsAreTheWhole reads documents in parts of different sizes, and as a whole.
func TestPartsAreTheWhole(t *testing.T) {
	const providers = `providers:
  p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}
`
	for _, tc := range []struct {
		name, text string
		parts      bool // whether it is cut
	}{
		{"entries on one line", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n", true},
		{"blocks", providers + "domains:\n  a.example:\n    provider: p\n    services:\n      - {protocol: imap, host: b.example}\n  \"*.b.example\":\n    provider: p\n  'c.example':\n    alias_of: a.example\n", true},
		{"another key behind", "listen: :80\ndomains:\n  a.example: {provider: p}\n\n# a remark\n  b.example: {provider: p}\n  c.example: {moved_to: a.example}\n" + providers, true},
		{"remarks and empty lines", providers + "domains:\n  a.example: {provider: p} # b: c\n  # d.example: {}\n\n  b.example: {provider: p}\n# e\n  c.example: {provider: p}\n\n\n", true},
		{"no line break at the end", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}", true},
		{"a domain twice", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n  A.example: {provider: p}\n", true},
		{"a cycle of aliases", providers + "domains:\n  a.example: {alias_of: b.example}\n  b.example: {alias_of: a.example}\n", true},
		{"an unknown key", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p, nonsense: 1}\n  c.example: {provider: q}\n", true},
		{"an entry without a value", providers + "domains:\n  a.example: {provider: p}\n  b.example:\n  c.example: {provider: p}\n", true},
		{"a text instead of an entry", providers + "domains:\n  a.example: {provider: p}\n  b.example\n  c.example: {provider: p}\n", true},
		{"a brace that is not closed", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p\n  c.example: {provider: p}\n", true},
		{"a list that goes on at the beginning of a line", providers + "domains:\n  a.example: {provider: p, services: [\n  {protocol: imap, host: b.example},\n  {protocol: submission, host: b.example}]}\n  b.example: {provider: p}\n", true},
		{"braces over several lines", providers + "domains:\n  a.example: {\n  provider: p}\n  b.example: {\n    provider:\n  p}\n", true},
		{"a text that goes on like an entry", providers + "domains:\n  a.example: {provider: p, help_url: \"https://a.example/\n  b.example: {}\"}\n  c.example: {provider: p}\n", true},
		{"a text of several lines", providers + "domains:\n  a.example:\n    provider: p\n    name: |\n      A\n      b.example: c\n  b.example:\n    provider: p\n    name: >-\n      B\n", true},
		{"a key over several lines", providers + "domains:\n  ? a.example\n  : {provider: p}\n  b.example: {provider: p}\n", false},
		{"a later key over several lines", providers + "domains:\n  a.example: {provider: p}\n  ? b.example\n  : {provider: p}\n  c.example: {provider: p}\n", true},
		{"less indentation", providers + "domains:\n  a.example: {provider: p}\n b.example: {provider: p}\n", true},
		{"more indentation", providers + "domains:\n  a.example: {provider: p}\n   b.example: {provider: p}\n", true},
		{"a tab", providers + "domains:\n  a.example: {provider: p}\n\tb.example: {provider: p}\n", true},
		{"an error elsewhere", "listen: [\ndomains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n" + providers, true},
		{"an alias of YAML without an anchor", providers + "domains:\n  a.example: {provider: p}\n  b.example: *a\n", true},
		{"anchors", providers + "domains:\n  a.example: &a {provider: p}\n  b.example: *a\n", false},
		{"an anchor among the providers", "providers: &p {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}\ndomains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n", false},
		{"an ampersand in a URL", providers + "domains:\n  a.example: {provider: p, help_url: \"https://a.example/?a&b\"}\n  b.example: {provider: p}\n", true},
		{"two documents", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n---\na: b\n", false},
		{"a directive", "%YAML 1.2\n---\n" + providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n", false},
		{"domains twice", providers + "domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\ndomains:\n  c.example: {provider: p}\n", true},
		{"domains in a text", "pages: {texts: {de: {a: \"\ndomains:\n  a.example: b\n  b.example: c\"}}}\n" + providers, true},
		{"domains in another block", "pages:\n  domains:\n  a.example: {provider: p}\n" + providers, false},
		{"a list of domains", providers + "domains:\n  - a.example\n  - b.example\n", false},
		{"Windows", strings.ReplaceAll(providers+"domains:\n  a.example: {provider: p}\n  b.example: {provider: p}\n", "\n", "\r\n"), false},
		{"single carriage returns", providers + "domains:\n  a.example: {provider: p}\r  b.example: {provider: p}\n  c.example: {provider: q}\n", true},
		{"a blank that is no space", providers + "domains:\n  a.example: {provider: p}\n\u00a0 b.example: {provider: p}\n", true},
		{"in too deep", providers + "domains:\n  a.example: {provider: p}\n  b.example:\n" + deep(40), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want, wantFindings := load("waymark.yaml", []byte(tc.text), Environment{}, false, 0)
			for size := range len(tc.text) {
				got, findings := load("waymark.yaml", []byte(tc.text), Environment{}, false, size+1)
				if !reflect.DeepEqual(findings, wantFindings) {
					t.Fatalf("in parts of %d octets:\n%v\nwant\n%v", size+1, findings, wantFindings)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("in parts of %d octets: %s\nwant %s", size+1, dump(t, got), dump(t, want))
				}
			}
			if _, parts := split([]byte(tc.text), 1); (parts != nil) != tc.parts {
				t.Errorf("cut: %t, want %t", parts != nil, tc.parts)
			}
		})
	}
}

// TestSplit shows the parts of a document, with the lines before each.
func TestSplit(t *testing.T) {
	rest, parts := split([]byte("a: 1\ndomains:\n  a: x\n    b: y\n# c\n  d: z\n  e: f\ng: 2\n"), 1)
	var all strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&all, "%d %q\n", p.before, p.text)
	}
	const want = `2 "  a: x\n    b: y\n# c\n"
5 "  d: z\n"
6 "  e: f\n"
`
	if all.String() != want || string(rest) != "a: 1\ndomains:\n\n\n\n\n\ng: 2\n" {
		t.Errorf("%s\n%q\nwant\n%s", &all, rest, want)
	}
}

// TestAMistakeInALargeFile reports a mistake at its place, also where there is no memory
// to read the file as a whole.
func TestAMistakeInALargeFile(t *testing.T) {
	good := append([]byte("listen: :80\n"), manyDomains(20_000)...)
	wrong := append(slices.Clone(good), "  last.example: {provider: p\n  an.alias.example: {alias_of: last.example}\n"...)
	for _, memory := range []int64{0, 20 << 20} {
		if cfg, findings := Parse("waymark.yaml", good, Environment{Memory: memory}); cfg == nil || len(findings) > 0 {
			t.Fatalf("with %d octets: %v", memory, findings)
		}
		cfg, findings := Parse("waymark.yaml", wrong, Environment{Memory: memory})
		if cfg != nil || len(findings) != 1 || findings[0].Line != 20_004 || !strings.Contains(findings[0].Text, "is not closed") {
			t.Errorf("with %d octets: %v", memory, findings)
		}
	}
	var s size
	s.add(wrong, nil)
	if s.tooLarge(20<<20) == "" {
		t.Error("20 MiB are enough for the whole tree, which makes this test pointless")
	}
}

// TestLargeFilesAreReadWithinALimit: it is set before the domains are read in parts, and
// not for a file that is read as a whole.
func TestLargeFilesAreReadWithinALimit(t *testing.T) {
	const providers = "providers:\n  p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}\ndomains:\n"
	large := "# " + strings.Repeat(",", 1<<20) + "\n" // as much as a million values, for the estimate
	for _, tc := range []struct {
		name, text string
		set        bool // a limit
		restored   bool
	}{
		{"few domains", providers + "  a.example: {provider: p}\n  b.example: {provider: p}\n", false, false},
		{"many", providers + "  a.example: {provider: p}\n" + large + "  b.example: {provider: p}\n", true, false},
		{"many, and a text in two parts", providers + "  a.example: {provider: p, help_url: \"https://a.example/\n  b.example: {}\"}\n" + large, true, true},
		{"many, with the line breaks of Windows", strings.ReplaceAll(providers+"  a.example: {provider: p}\n"+large, "\n", "\r\n"), false, false},
	} {
		var limits []int64
		load("waymark.yaml", []byte(tc.text), Environment{Within: func(memory int64) { limits = append(limits, memory) }}, false, 1)
		restored := len(limits) > 0 && limits[len(limits)-1] == math.MaxInt64
		if restored {
			limits = limits[:len(limits)-1]
		}
		if (len(limits) > 0) != tc.set || restored != tc.restored || tc.set && (limits[0] < largeMemory/2 || limits[0] > 2*largeMemory) {
			t.Errorf("%s: limits %v, restored %v", tc.name, limits, restored)
		}
	}
}
