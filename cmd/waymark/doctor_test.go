package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/dnstest"
)

// protectedZone has nothing to report about the protection of mail.
const protectedZone = `
example.com.           IN MX  10 mx.example.com.
mx.example.com.        IN A   192.0.2.25
example.com.           IN TXT "v=spf1 mx -all"
example.com.           IN CAA 0 issue "ca.example"
_dmarc.example.com.    IN TXT "v=DMARC1; p=reject"
_smtp._tls.example.com. IN TXT "v=TLSRPTv1; rua=mailto:tls@example.com"
`

func TestDoctor(t *testing.T) {
	server := dnstest.Start(t, protectedZone)
	args := []string{"doctor", "example.com", "--resolver", server.Addr.String(), "--only", "security"}
	status, stdout, stderr := waymark(t, args...)
	want := "example.com\n\ninfo  mta-sts-missing  _mta-sts.example.com\n"
	if status != statusFine || !strings.HasPrefix(stdout, want) || strings.Contains(stdout, "\nerror") || stderr != "" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	server.Remove("_dmarc.example.com")
	status, stdout, _ = waymark(t, append(args, "-o", "json")...)
	var report struct {
		Domain   string
		FixFirst string `json:"fix_first"`
		Findings []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || status != statusFindings || report.FixFirst != "dmarc-missing" || report.Domain != "example.com" || len(report.Findings) != 2 {
		t.Errorf("status %d, %v: %s", status, err, stdout)
	}
}

func TestDoctorHTML(t *testing.T) {
	server := dnstest.Start(t, protectedZone)
	status, stdout, stderr := waymark(t, "doctor", "example.com", "--resolver", server.Addr.String(), "--only", "security", "-o", "html")
	if status != statusFine || !strings.HasPrefix(stdout, "<!DOCTYPE html>") || !strings.Contains(stdout, "<span>mta-sts-missing</span>") || stderr != "" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// TestDoctorOfClients: nothing is set up for the domain.
func TestDoctorOfClients(t *testing.T) {
	server := dnstest.Start(t, protectedZone)
	status, stdout, _ := waymark(t, "doctor", "anna@example.com", "--resolver", server.Addr.String(), "--skip", "security", "--client", "thunderbird", "--client", "outlook", "--steps")
	for _, want := range []string{
		"error  autoconfig-missing  example.com\n", "  breaks  Thunderbird\n", "error  autodiscover-missing  example.com\n",
		"            GET https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com\n              autoconfig.example.com has no address\n",
	} {
		if status != statusFindings || !strings.Contains(stdout, want) {
			t.Errorf("status %d, no %q in\n%s", status, want, stdout)
		}
	}
}

func TestDoctorUsage(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "doctor expects 1 argument, got 0"},
		{[]string{"a b"}, "the domain is not a valid name"},
		{[]string{"anna@"}, "the domain is empty"},
		{[]string{"example.com", "-o", "xml"}, "unknown output format \"xml\"; known: text, json, html"},
		{[]string{"example.com", "--timeout", "0s"}, "--timeout must be"},
		{[]string{"example.com", "--client", "pine"}, "unknown client \"pine\"; known: Thunderbird, "},
		{[]string{"example.com", "--client", "e"}, "\"e\" may be Evolution or eM Client"},
		{[]string{"example.com", "--only", "mail"}, "unknown section \"mail\""},
		{[]string{"example.com", "--only", "dav", "--skip", "dav"}, "leave nothing to examine"},
		{[]string{"example.com", "--dkim-selector", "a b"}, "--dkim-selector: \"a b\" is not a valid name"},
		{[]string{"example.com", "--connect-to", "a.example:993"}, "is not NAME:PORT:ADDRESS"},
		{[]string{"example.com", "--connect-to", "a.example:0:192.0.2.1"}, "is not NAME:PORT:ADDRESS"},
		{[]string{"example.com", "--connect-to", "a.example:993:b.example"}, "is not NAME:PORT:ADDRESS"},
		{[]string{"example.com", "--roots", "/does/not/exist"}, "no such file"},
		{[]string{"example.com", "--resolver", "192.0.2.1"}, "is not an IP address and port"},
	} {
		status, stdout, stderr := waymark(t, append([]string{"doctor"}, tc.args...)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d, %q, %q", tc.args, status, stdout, stderr)
		}
	}
}

func TestConnection(t *testing.T) {
	for entry, want := range map[string]string{
		"Mail.example.com:993:192.0.2.1":          "mail.example.com:993 192.0.2.1:993",
		"mail.example.com:993:192.0.2.1:10993":    "mail.example.com:993 192.0.2.1:10993",
		"mail.example.com:443:[2001:db8::1]":      "mail.example.com:443 [2001:db8::1]:443",
		"mail.example.com:443:2001:db8::1":        "mail.example.com:443 [2001:db8::1]:443",
		"mail.example.com:443:[2001:db8::1]:8443": "mail.example.com:443 [2001:db8::1]:8443",
	} {
		at, to, err := connection(entry)
		if err != nil || at+" "+to.String() != want {
			t.Errorf("%s: %s %s, %v", entry, at, to, err)
		}
	}
}
