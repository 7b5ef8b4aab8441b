//go:build unix

package ldapsource

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/waymark"
)

// broken returns the entries of customers, most of them wrong in a way of their own. The
// attribute audio takes any octets.
func broken() string {
	tree := "\ndn: ou=broken,dc=example,dc=com\nobjectClass: organizationalUnit\nou: broken\n"
	for i, attributes := range []string{
		"ou: good.example\ndescription: imap.good.example\nemployeeNumber: 1993",
		"ou: host.example\ndescription: imap host.example",
		"ou: port.example\nemployeeNumber: 99993",
		"ou: text.example\nemployeeNumber: imaps",
		"ou: security.example\nl: SSL",
		"ou: twice.example\ndescription: imap1.example\ndescription: imap2.example",
		"ou: octets.example\naudio:: /wD/",
		"ou: provider.example\nbusinessCategory: nobody",
		"ou: two.example\nou: two-alias.example\ndescription: -bad-",
		"ou: clash.example\ndescription: imap1.clash.example",
		"ou: CLASH.example\ndescription: imap2.clash.example",
		"ou: not a domain",
		"ou: müller.example",
		"ou: muller.example",
	} {
		tree += fmt.Sprintf("\ndn: cn=%d,ou=broken,dc=example,dc=com\nobjectClass: applicationProcess\nobjectClass: extensibleObject\ncn: %d\n%s\n", i, i, attributes)
	}
	return tree
}

// TestCheckOnline names each broken entry of a server once, with its attribute, and no
// other one.
func TestCheckOnline(t *testing.T) {
	binary := waymark.Binary(t)
	server := newSlapd(t, "")
	check := func(domain string) (string, int) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "waymark.yaml")
		settings := fmt.Sprintf(`providers:
  hoster:
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
cache: {snapshot: false}
directory:
  - source: ldap
    name: customers
    url: ldap://%s
    provider: hoster
    domain: %s
`, server.plain, domain)
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary, "check", "--online", file)
		out, _ := cmd.Output() // the status is compared
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, status := check(`{base_dn: "ou=broken,dc=example,dc=com", filter: "(&(objectClass=applicationProcess)(ou={domain_unicode}))", attributes: {imap_host: description, imap_port: employeeNumber, imap_security: l, provider: businessCategory, display_name: audio}}`)
	const host = "customers: domain.attributes: column imap_host: the host is not a valid host name such as mail.example.com"
	want := []string{
		"directory[0]: domain clash.example: customers: domain.filter: matches entries that differ in the attribute description",
		"directory[0]: domain host.example: " + host,
		"directory[0]: domain octets.example: customers: domain.attributes: column display_name: is not valid UTF-8",
		"directory[0]: domain port.example: customers: domain.attributes: column imap_port: must be a number from 1 to 65535, is 99993",
		`directory[0]: domain provider.example: column provider: unknown provider "nobody"`,
		`directory[0]: domain security.example: customers: domain.attributes: column imap_security: must be tls, starttls or plaintext, is "SSL"; write tls`,
		"directory[0]: domain text.example: customers: domain.attributes: column imap_port: must be a number from 1 to 65535",
		"directory[0]: domain twice.example: customers: domain.attributes: the attribute description has several values; it must have one",
		"directory[0]: domain two-alias.example: " + host,
		"directory[0]: domain two.example: " + host,
		`directory[0]: lists "not a domain", which no client can ask for: the domain is not a valid name`,
		"warning: directory[0]: look alike for a database that ignores accents: muller.example, müller.example (xn--mller-kva.example); Waymark does not confuse them, but other programs that read the database may",
	}
	for _, line := range want {
		if !strings.Contains(out, ":6: "+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if lines := strings.Count(out, "\n"); status != 1 || lines != len(want)+1 || !strings.HasSuffix(out, "source customers: 13 domains looked up, 11 would fail\n") {
		t.Errorf("status %d, %d lines:\n%s", status, lines, out)
	}

	out, status = check(`{base_dn: "ou={domain},ou=broken,dc=example,dc=com", filter: "(objectClass=*)", scope: base}`)
	if want := "source customers: domains not looked up: domain.base_dn has {domain}, so there is no common base to list the domains below; to list them, name that base and compare {domain} in domain.filter, such as (ou={domain})\n"; status != 0 || !strings.HasSuffix(out, want) {
		t.Errorf("status %d: %s", status, out)
	}
}
