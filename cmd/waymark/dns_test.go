package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/waymark-mail/waymark/internal/dnsrecords"
)

// TestDNSOfExamples prints what the golden files of package dnsrecords hold.
func TestDNSOfExamples(t *testing.T) {
	for _, tc := range []struct {
		golden, example, domain string
		flags                   []string
	}{
		{"infomaniak", "infomaniak.yaml", "example.com", []string{"--host", "waymark.example.net"}},
		{"no-host", "infomaniak.yaml", "EXAMPLE.com.", nil},
		{"selfhosted", "selfhosted.yaml", "example.org", []string{"--host", "192.0.2.1", "--host", "2001:db8::1"}},
		{"alias", "hosting.yaml", "customer-one.test", []string{"--host", "waymark.example.net"}},
		{"international", "hosting.yaml", "bücher.example", []string{"--host", "waymark.example.net"}},
		{"catch-all", "hosting.yaml", "unlisted.example", []string{"--host", "waymark.example.net"}},
	} {
		t.Run(tc.golden, func(t *testing.T) {
			want, err := txtar.ParseFile(filepath.Join("..", "..", "internal", "dnsrecords", "testdata", tc.golden+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			notes := ""
			for _, part := range want.Files {
				if part.Name == "notes" {
					for line := range strings.Lines(string(part.Data)) {
						notes += "note: " + line
					}
				}
			}
			args := append([]string{"dns", tc.domain, "-c", filepath.Join("..", "..", "examples", tc.example)}, tc.flags...)
			printed := 0
			for _, part := range want.Files {
				ways := [][]string{{"--format", part.Name}}
				switch part.Name {
				case "notes":
					continue
				case "zone":
					ways = append(ways, nil)
				case "json":
					ways = append(ways, []string{"-o", "json"}, []string{"-o", "json", "--format", "json"})
				}
				for _, flags := range ways {
					printed++
					status, stdout, stderr := waymark(t, append(args, flags...)...)
					if status != statusFine || stdout != string(part.Data) || stderr != notes {
						t.Errorf("%v: status %d\n%s%s", flags, status, stdout, stderr)
					}
				}
			}
			if printed != 10 {
				t.Errorf("printed %d times, want 10", printed)
			}
		})
	}
}

// TestDNSDigest: the digest is that of the bytes that render prints, which are
// those that are served.
func TestDNSDigest(t *testing.T) {
	path := file(t, "waymark.yaml", good)
	_, before, _ := waymark(t, "dns", "example.com", "-c", path)
	if err := os.WriteFile(path, []byte(strings.Replace(good, "services:", "name: New\n    services:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, after, _ := waymark(t, "dns", "example.com", "-c", path)
	digest := func(text string) string {
		_, text, _ = strings.Cut(text, "_ua-auto-config.example.com.")
		text, _, _ = strings.Cut(text, "\n")
		return text
	}
	if digest(before) == "" || digest(before) == digest(after) || !strings.Contains(digest(after), "v=UAAC1; a=sha256; d=") {
		t.Errorf("before %q, after %q", digest(before), digest(after))
	}
}

func TestDNSWithoutARecord(t *testing.T) {
	moved := good + "  old.example: {moved_to: new.example}\n"
	for _, tc := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string
	}{
		{"unknown domain", []string{"unknown.example"}, statusFindings, "", "waymark: unknown.example: this server does not answer for that domain\n"},
		{"unknown domain as JSON", []string{"unknown.example", "-o", "json"}, statusFindings, "", "waymark: unknown.example: this server does not answer for that domain\n"},
		{"moved away", []string{"old.example"}, statusFindings, "", "waymark: old.example: the domain moved to new.example\n"},
		{"no domain", []string{"a b"}, statusUsage, "", "waymark: the domain is not a valid name\n"},
		{"an address", []string{"anna@example.com"}, statusUsage, "", "waymark: the domain is not a valid name\n"},
		{"nothing", nil, statusUsage, "", "waymark: dns expects 1 argument, got 0\nUsage: waymark dns DOMAIN [flags]\n"},
		{"unknown format", []string{"example.com", "--format", "bind"}, statusUsage, "", "waymark: unknown format \"bind\"; known: " + strings.Join(dnsrecords.Formats(), ", ") + "\n"},
		{"unknown output", []string{"example.com", "-o", "xml"}, statusUsage, "", "waymark: unknown output format \"xml\"; known: text, json\n"},
		{"two formats", []string{"example.com", "-o", "json", "--format", "zone"}, statusUsage, "", "waymark: -o json and --format zone cannot be used together\n"},
		{"two hosts", []string{"example.com", "--host", "a.example", "--host", "b.example"}, statusUsage, "", "waymark: --host: give one host name only: a CNAME record has one target\n"},
		{"no host", []string{"example.com", "--host", "https://a.example"}, statusUsage, "", "waymark: --host: \"https://a.example\" is neither a host name such as waymark.example.net nor an IP address\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file(t, "waymark.yaml", moved)
			status, stdout, stderr := waymark(t, append([]string{"dns", "-c", path}, tc.args...)...)
			if status != tc.status || stdout != tc.stdout || stderr != tc.stderr {
				t.Errorf("status %d, %q, %q", status, stdout, stderr)
			}
		})
	}
	status, stdout, stderr := waymark(t, "dns", "example.com", "-c", file(t, "waymark.yaml", "a: 1\n"))
	if status != statusUsage || stdout != "" || !strings.Contains(stderr, "waymark.yaml:1: unknown key a") {
		t.Errorf("broken settings: status %d, %q, %q", status, stdout, stderr)
	}
}

// TestDNSHelp: what Waymark cannot know has to be said.
func TestDNSHelp(t *testing.T) {
	_, stdout, _ := waymark(t, "dns", "--help")
	for _, want := range []string{"never an alias (CNAME)", "certificate", "--host NAME", strings.Join(dnsrecords.Formats(), ", ")} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

// TestDNSMovedDomain: the domain that the mailboxes moved to answers for both.
func TestDNSMovedDomain(t *testing.T) {
	path := file(t, "waymark.yaml", good+"  old.example: {moved_to: example.com}\n")
	status, stdout, stderr := waymark(t, "dns", "old.example", "-c", path, "--host", "waymark.example.net", "-o", "json")
	var printed struct {
		Domain  string
		Records []struct{ Name, Type string }
		Notes   []string
	}
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil || status != statusFine {
		t.Fatalf("status %d, %v, %s", status, err, stderr)
	}
	var names []string
	for _, r := range printed.Records {
		names = append(names, r.Name+" "+r.Type)
	}
	want := "autoconfig.old.example. CNAME, autodiscover.old.example. CNAME, _autodiscover._tcp.old.example. SRV"
	if got := strings.Join(names, ", "); got != want || printed.Domain != "old.example" || len(printed.Notes) != 2 {
		t.Errorf("%s; %+v", got, printed)
	}
}

// TestDNSDeniesOnlyWhenAsked: an existing Nextcloud may be missing in the settings.
func TestDNSDeniesOnlyWhenAsked(t *testing.T) {
	path := file(t, "waymark.yaml", good)
	const denied = "_caldavs._tcp.example.com.\t3600\tIN\tSRV\t0 0 0 ."
	_, stdout, _ := waymark(t, "dns", "example.com", "-c", path)
	if strings.Contains(stdout, "SRV\t0 0 0 .") {
		t.Errorf("denied unasked:\n%s", stdout)
	}
	_, stdout, _ = waymark(t, "dns", "example.com", "-c", path, "--deny-missing")
	if !strings.Contains(stdout, denied) {
		t.Errorf("no %q in\n%s", denied, stdout)
	}
}

// TestDNSWithoutAnAnswer: Autodiscover cannot express OAuth2, so its records would
// keep Outlook from the answer of Microsoft 365.
func TestDNSWithoutAnAnswer(t *testing.T) {
	const settings = `providers:
  p:
    services:
      - {protocol: imap, host: mail.example.com, port: 993, security: tls, auth: [oauth2]}
      - {protocol: submission, host: mail.example.com, port: 465, security: tls, auth: [oauth2]}
domains:
  example.com: {provider: p}
`
	path := file(t, "waymark.yaml", settings)
	status, stdout, stderr := waymark(t, "dns", "example.com", "-c", path, "--host", "waymark.example.net")
	if status != statusFine || strings.Contains(stdout, "autodiscover") || !strings.Contains(stdout, "autoconfig.example.com.") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	if want := "note: the domain has no Autodiscover document"; !strings.Contains(stderr, want) {
		t.Errorf("no %q in %q", want, stderr)
	}
	redirected := strings.Replace(settings, "    services:", "    autodiscover: {redirect: 'https://outlook.example/autodiscover/autodiscover.xml'}\n    services:", 1)
	path = file(t, "waymark.yaml", redirected)
	status, stdout, stderr = waymark(t, "dns", "example.com", "-c", path, "--host", "waymark.example.net")
	if status != statusFine || strings.Contains(stderr, "Autodiscover") || !strings.Contains(stdout, "autodiscover.example.com.") {
		t.Errorf("with a redirect: status %d, %q\n%s", status, stderr, stdout)
	}
}
