package importer

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/settings"
)

// hold checks what must be true of every import.
func hold(t *testing.T, r Result, err error) {
	t.Helper()
	for _, n := range r.Notes {
		if strings.ContainsAny(n.String(), "\n\r\x00\x1b") {
			t.Fatalf("the note %q is more than a line", n)
		}
	}
	if errors.Is(err, ErrNothing) {
		if len(r.Notes) == 0 || r.Settings != nil {
			t.Fatalf("nothing was imported, and nobody says why: %+v", r)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg, findings := config.Parse("waymark.yaml", r.Settings, config.Environment{})
	if findings.HasErrors() {
		t.Fatalf("%v in\n%s", findings, r.Settings)
	}
	domains := len(cfg.Domains)
	if cfg.CatchAll != nil {
		domains++
	}
	if domains != r.Domains || len(cfg.Providers) != r.Providers {
		t.Fatalf("%d domains and %d providers are told, in\n%s", r.Domains, r.Providers, r.Settings)
	}
}

// FuzzClientConfig pins that a file of an ISP database is either refused, or becomes a
// settings file that is accepted. Importing what that renders gives the same again.
func FuzzClientConfig(f *testing.F) {
	samples, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(samples) == 0 {
		f.Fatal("no samples", err)
	}
	for _, name := range samples {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, doc := range []string{
		"", "<", "<a/>", "<clientConfig/>", `<clientConfig><emailProvider id="x"/></clientConfig>`, "\xff\xfe<\x00",
		minimal("<domain>%EMAILDOMAIN%</domain>"), minimal("<displayName>${env:HOME} on\u0085\u2028</displayName><domain>no</domain>"),
		minimal("<domain>0x1f</domain><domain>null</domain><displayName>~</displayName>"),
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		result, err := imported("a.xml", doc)
		if _, ok := errors.AsType[*syntaxError](err); ok {
			return
		}
		hold(t, result, err)
		if err != nil {
			return
		}
		cfg := accepted(t, result)
		if len(cfg.Domains) == 0 {
			return
		}
		name := slices.Min(slices.Collect(maps.Keys(cfg.Domains)))
		s := expressible(settings.Settings{Provider: cfg.Domains[name].Provider, Domain: name, Canonical: name})
		first, err := autoconfig.Render(s)
		if settings.KindOf(err) == settings.NotOffered {
			return
		}
		again, err := imported("b.xml", string(first))
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		s.Provider = accepted(t, again).Domains[name].Provider
		if second, err := autoconfig.Render(s); err != nil || string(second) != string(first) {
			t.Fatalf("%v\nfirst  %s\nsecond %s", err, first, second)
		}
	})
}

// FuzzEnvironment checks the same for env files.
func FuzzEnvironment(f *testing.F) {
	for _, text := range []string{
		containerEnv, firstEnv, "DOMAIN=example.com\nIMAP_HOST=imap.example.com", "environment: &a [*a]", "IMAP_HOST\n", "export PORT='0'", "services: 1", "DOMAIN=\"", "\xef\xbb\xbfDOMAIN=x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := newDraft()
		c, err := d.envFile("a.env", []byte(text))
		if err != nil {
			return
		}
		d.addContainers([]container{c})
		r, err := d.result("a test")
		hold(t, r, err)
	})
}

// minimal is a document with one service, and more beside it.
func minimal(more string) string {
	return `<clientConfig version="1.1"><emailProvider id="example.com">` + more + `
<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>
</emailProvider></clientConfig>`
}

func textsOf(notes []Note) []string {
	var all []string
	for _, n := range notes {
		all = append(all, n.String())
	}
	return slices.Clip(all)
}
