package importer

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// imported reads one document of the ISP database from memory.
func imported(name, doc string) (Result, error) {
	root, err := parseXML([]byte(doc))
	if err != nil {
		return Result{}, err
	}
	d := newDraft()
	clientConfig{d, name}.read(root)
	return d.result("a test")
}

// accepted returns what config makes of a settings file, which must have no
// errors.
func accepted(t *testing.T, r Result) *config.Config {
	t.Helper()
	cfg, findings := config.Parse("waymark.yaml", r.Settings, config.Environment{})
	if findings.HasErrors() {
		t.Fatalf("%v in\n%s", findings, r.Settings)
	}
	return cfg
}

func lost(notes []Note) []Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n Note) bool { return n.Hint })
}

// expressible changes what comes back in another way: names with placeholders
// are not kept, since no other dialect would fill them in, and a service that
// names no way to log in is taken to want a password. A document of a domain that
// moved, or is an alias, holds the domain of its user names.
func expressible(s settings.Settings) settings.Settings {
	p := *s.Provider
	if strings.Contains(p.Name, "%EMAIL") {
		p.Name = `${env:HOME} {domain} "]]>`
	}
	p.Services = slices.Clone(p.Services)
	for i, svc := range p.Services {
		said := svc.Accepts(settings.Password) || svc.Accepts(settings.PasswordChallenge) || svc.Accepts(settings.OAuth2)
		if svc.Protocol.ByURL() && !said {
			p.Services[i].Auth = []settings.Auth{settings.Password}
		}
	}
	s.Provider, s.MovedTo, s.LoginDomain, s.LoginName, s.MailboxLookup = &p, "", "", "", false
	return s
}

func TestWhatWaymarkRendersComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rendered := 0
	for range 200 {
		s := expressible(settingstest.Random(r))
		want, err := autoconfig.Render(s)
		if settings.KindOf(err) == settings.NotOffered {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rendered++
		result, err := imported("a.xml", string(want))
		if err != nil {
			t.Fatalf("%v\n%s", err, want)
		}
		if lost := lost(result.Notes); len(lost) > 0 {
			t.Fatalf("%v\n%s", lost, want)
		}
		s.Provider = accepted(t, result).Domains[s.Domain].Provider
		got, err := autoconfig.Render(s)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v\ngot  %s\nwant %s\nby %s", err, got, want, result.Settings)
		}
	}
	if rendered < 150 {
		t.Errorf("only %d documents were tried", rendered)
	}
}
