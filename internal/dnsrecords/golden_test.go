package dnsrecords

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
	"github.com/waymark-mail/waymark/test/programs"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// golden is one file of testdata: the domain of an example, and how Waymark is
// reached.
type golden struct {
	file, example string
	domain        address.Domain
	hosts         Hosts
}

func goldens() []golden {
	name := Hosts{Name: "waymark.example.net"}
	addresses := Hosts{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}
	return []golden{
		{"infomaniak", "infomaniak.yaml", "example.com", name},
		{"no-host", "infomaniak.yaml", "example.com", Hosts{}},
		{"selfhosted", "selfhosted.yaml", "example.org", addresses},
		{"hosting", "hosting.yaml", "customer-one.example", name},
		{"alias", "hosting.yaml", "customer-one.test", name},
		{"international", "hosting.yaml", "xn--bcher-kva.example", name},
		{"business", "hosting.yaml", "customer-two.example", name},
		{"own-host", "hosting.yaml", "moving.example", name},
		{"catch-all", "hosting.yaml", "unlisted.example", name},
	}
}

// set returns the records of a domain of an example.
func (g golden) set(t *testing.T) Set {
	t.Helper()
	cfg, findings := config.Load(filepath.Join("..", "..", "examples", g.example), config.Environment{
		Getenv: func(string) (string, bool) { return "", false }, ReadFile: os.ReadFile,
	})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	found, ok := cfg.Domains[g.domain]
	if !ok {
		found = settings.Domain{Provider: cfg.CatchAll, Canonical: g.domain}
	}
	s := settings.Settings{Provider: found.Provider, Domain: g.domain, Canonical: found.Canonical, LoginDomain: found.LoginDomain}
	document, err := pacc.Render(s)
	if err != nil && settings.KindOf(err) != settings.NotOffered {
		t.Fatal(err)
	}
	set, err := For(s, Options{Hosts: g.hosts, PACC: document})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestGolden compares what is printed for the examples. Each file has a part
// for each format, and one for the notes.
func TestGolden(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.file, func(t *testing.T) {
			set := g.set(t)
			wantReadable(t, set)
			wantLawful(t, set)
			archive := txtar.Archive{Comment: []byte("Records of " + string(g.domain) + " by examples/" + g.example + ".\n")}
			for _, format := range Formats() {
				text, err := set.Print(format)
				if err != nil {
					t.Fatal(err)
				}
				archive.Files = append(archive.Files, txtar.File{Name: format, Data: text})
			}
			notes := strings.Join(set.Notes, "\n")
			archive.Files = append(archive.Files, txtar.File{Name: "notes", Data: []byte(notes)})
			got := txtar.Format(&archive)
			path := filepath.Join("testdata", g.file+".txtar")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; -update writes it anew. Got:\n%s", path, got)
			}
		})
	}
}

// TestNamedTakesTheZone lets the checker of BIND read the zones, as it does
// for a server: names, types, texts, and what stands beside an alias.
func TestNamedTakesTheZone(t *testing.T) {
	checker := programs.Need(t, "named-checkzone", "bind9-utils")
	for _, g := range goldens() {
		t.Run(g.file, func(t *testing.T) {
			set := g.set(t)
			for _, format := range []string{"zone", "cloudflare"} {
				text, err := set.Print(format)
				if err != nil {
					t.Fatal(err)
				}
				if out, err := checkZone(t, checker, set, text); err != nil {
					t.Errorf("%s: %v\n%s", format, err, out)
				}
			}
		})
	}
	t.Run("of random settings", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 25 {
			s := settingstest.Random(r)
			set := mustFor(t, s, randomHosts(r, s), []byte("{}"))
			text, err := set.Print("zone")
			if err != nil {
				t.Fatal(err)
			}
			if out, err := checkZone(t, checker, set, text); err != nil {
				t.Errorf("%v\n%s\n%s", err, out, text)
			}
		}
	})
	t.Run("finds an alias that has another record", func(t *testing.T) {
		set := Set{Domain: "example.com", Records: []Record{
			{Name: "a.example.com.", Type: CNAME, Value: "b.example.net."}, {Name: "a.example.com.", Type: TXT, Value: "x"},
		}}
		text, err := set.Print("zone")
		if err != nil {
			t.Fatal(err)
		}
		if out, err := checkZone(t, checker, set, text); err == nil {
			t.Errorf("nothing found: %s", out)
		}
	})
}

// checkZone completes the records to a zone and has it checked. Targets inside
// of the zone get an address, so that those that are aliases are found.
func checkZone(t *testing.T, checker string, set Set, text []byte) ([]byte, error) {
	t.Helper()
	zone := "$TTL 3600\n@ IN SOA ns.example.net. hostmaster.example.net. 1 3600 900 604800 300\n@ IN NS ns.example.net.\n" + string(text)
	given := map[string]bool{}
	for _, r := range set.Records {
		inside := strings.HasSuffix("."+r.Value, "."+string(set.Domain)+".")
		if r.Type == SRV && inside && !given[r.Value] {
			given[r.Value] = true
			zone += r.Value + " IN A 192.0.2.9\n"
		}
	}
	path := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(path, []byte(zone), 0o600); err != nil {
		t.Fatal(err)
	}
	// -i local asks no network.
	return exec.CommandContext(t.Context(), checker, "-i", "local", "-k", "fail", "-n", "fail", "-r", "fail", "-S", "fail", "-T", "ignore", string(set.Domain), path).CombinedOutput()
}
