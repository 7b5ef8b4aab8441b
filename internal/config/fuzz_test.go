package config

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/*/*.yaml", "../../examples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, findings := Parse("waymark.yaml", data, testEnvironment())
		again, findingsAgain := Parse("waymark.yaml", data, testEnvironment())
		if !reflect.DeepEqual(cfg, again) || !reflect.DeepEqual(findings, findingsAgain) {
			t.Fatal("the same file was read in two ways")
		}
		inParts, findingsInParts := withoutErrors(load("waymark.yaml", data, testEnvironment(), false, 1))
		if !reflect.DeepEqual(cfg, inParts) || !reflect.DeepEqual(findings, findingsInParts) {
			t.Fatalf("in parts: %v\nwant %v", findingsInParts, findings)
		}
		checkFindings(t, data, findings)
		if findings.HasErrors() != (cfg == nil) {
			t.Fatalf("have config %v with findings %v", cfg, findings)
		}
		if cfg != nil {
			checkConfig(t, cfg)
		}
	})
}

// checkFindings checks what is true of all findings.
func checkFindings(t *testing.T, data []byte, findings Findings) {
	t.Helper()
	lines := countLines(data)
	if have := len(linesOf(data)); have != lines {
		t.Fatalf("%d lines, counted as %d", have, lines)
	}
	for i, f := range findings {
		text := f.String()
		switch {
		case f.File != "waymark.yaml" || f.Text == "":
			t.Fatalf("incomplete: %#v", f)
		case f.Line > lines:
			t.Fatalf("line %d of %d: %v", f.Line, lines, f)
		case i > 0 && f.Line < findings[i-1].Line:
			t.Fatalf("not sorted: %v before %v", findings[i-1], f)
		case checkText(text, false) != nil:
			t.Fatalf("not one line of text: %q", text)
		}
		for _, s := range []string{secret, "s3cr3t", secretDomain} {
			if strings.Contains(text, s) && !bytes.Contains(data, []byte("s3cr3t")) {
				t.Fatalf("holds what a reference stands for: %q", text)
			}
		}
	}
}

// checkConfig checks what is true of every Config.
func checkConfig(t *testing.T, cfg *Config) {
	t.Helper()
	sound := func(p *settings.Provider) {
		t.Helper()
		problems := p.Problems()
		for _, s := range p.Services {
			problems = append(problems, s.Problems()...)
			if host, err := settings.ParseHost(s.Host); s.Host != "" && (err != nil || host != s.Host) {
				t.Fatalf("host %q is not canonical", s.Host)
			}
			if u, err := settings.ParseURL(s.URL); s.URL != "" && (err != nil || u != s.URL) {
				t.Fatalf("url %q is not canonical", s.URL)
			}
		}
		if slices.ContainsFunc(problems, func(p settings.Problem) bool { return !p.Warning }) {
			t.Fatalf("provider %s has problems %v", p.ID, problems)
		}
		if !validID(p.ID) {
			t.Fatalf("provider id %q", p.ID)
		}
	}
	for _, p := range cfg.Providers {
		sound(p)
	}
	if cfg.CatchAll != nil {
		sound(cfg.CatchAll)
	}
	for suffix, p := range cfg.Below {
		if canonical, err := address.ParseDomain(string(suffix)); err != nil || canonical != suffix {
			t.Fatalf("suffix %q is not canonical", suffix)
		}
		sound(p)
	}
	for d, s := range cfg.Domains {
		if canonical, err := address.ParseDomain(string(d)); err != nil || canonical != d {
			t.Fatalf("domain %q is not canonical", d)
		}
		if s.Moved != nil {
			if s.Provider != nil || (s.Moved.To.Domain == "") == (s.Moved.To.URL == "") {
				t.Fatalf("%s moved in two ways: %+v", d, s)
			}
			continue
		}
		sound(s.Provider)
		if s.MovedTo != "" {
			if end, here := cfg.Domains[s.MovedTo]; here && (end.Provider != s.Provider || end.Canonical != s.Canonical || end.MovedTo != "") || !here && cmp.Or(cfg.Below.For(s.MovedTo), cfg.CatchAll) != s.Provider {
				t.Fatalf("%s moved to %s, which is another: %+v, %+v", d, s.MovedTo, s, end)
			}
			continue
		}
		end, here := cfg.Domains[s.Canonical]
		if !here {
			end = settings.Domain{Provider: cfg.Below.For(s.Canonical), Canonical: s.Canonical}
		}
		if end.Canonical != s.Canonical || end.Provider != s.Provider {
			t.Fatalf("%s is an alias of %s, which is none of its own", d, s.Canonical)
		}
	}
	for _, path := range cfg.Files {
		if !filepath.IsAbs(path) {
			t.Fatalf("file %q is not absolute", path)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, text := range []string{"", "${env:IMAP}", "a${env:EMPTY}b$${c}", "$$${env:IMAP}", "${", "${}", "${env:", "${file:secret}", "${file:../x}${x:y}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &reader{env: testEnvironment(), references: map[[2]string]reference{}}
		have, err := r.expand(text, "/etc")
		switch {
		case err != nil:
			if strings.Contains(err.Error(), "s3cr3t") && !strings.Contains(text, "s3cr3t") {
				t.Fatalf("the error holds what a reference stands for: %v", err)
			}
		case !strings.Contains(text, "${") && have != text:
			t.Fatalf("have %q for a text without references", have)
		}
		// Any text can be written so that it stands for itself.
		if have, err := r.expand(strings.ReplaceAll(text, "${", "$${"), "/etc"); err != nil || have != text {
			t.Fatalf("have %q, %v for %q with every ${ written as $${", have, err, text)
		}
	})
}
