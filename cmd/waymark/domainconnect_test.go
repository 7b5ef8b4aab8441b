package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/dnstest"
)

// TestDomainConnect goes the way of an operator: publish the key, then make links for
// domains at a DNS provider.
func TestDomainConnect(t *testing.T) {
	keyFile := filepath.Join(t.TempDir(), "domain-connect.key")
	if err := os.WriteFile(keyFile, certtest.KeyPEM(certtest.RSAKey(2048)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, zone, stderr := waymark(t, "domain-connect", "key", "--key-file", keyFile, "--key-domain", "example.net")
	if status != statusFine || stderr != "" {
		t.Fatalf("key: status %d, %s", status, stderr)
	}
	dns := dnstest.Start(t, zone)

	provider := http.NewServeMux()
	authority := certtest.Authority("Test", nil)
	server := httptest.NewUnstartedServer(provider)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Server("dns.example").TLS()}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	provider.HandleFunc("GET /v2/{domain}/settings", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"urlSyncUX": "https://panel.dns.example", "urlAPI": "https://dns.example:%s"}`, port)
	})
	provider.HandleFunc("GET /v2/domainTemplates/providers/example.net/services/mail-setup", func(http.ResponseWriter, *http.Request) {})
	for _, domain := range []string{"example.com", "autoconfig.example", "microsoft.example"} {
		dns.Add(t, fmt.Sprintf("_domainconnect.%s. IN TXT dns.example:%s\n", domain, port))
	}
	dns.Add(t, "dns.example. IN A 127.0.0.1")

	settings := strings.Replace(good, "domains:", "  two:\n    auth: [oauth2]\n    services: [{protocol: imap, host: outlook.office365.com}]\n"+
		"    oauth2: {issuer: \"https://login.example\", auth_url: \"https://login.example/a\", token_url: \"https://login.example/t\", scope: mail}\n"+
		"domains:\n  microsoft.example: {provider: two}\n  none.example: {provider: one}", 1)
	args := []string{"domain-connect", "link", "-c", file(t, "waymark.yaml", settings), "--provider-id", "example.net", "--host", "waymark.example.net",
		"--key-file", keyFile, "--resolver", dns.Addr.String(), "--roots", authority.WriteCert(t, t.TempDir(), "ca.pem"), "--allow-private"}
	const at = "https://panel.dns.example/v2/domainTemplates/providers/example.net/services/mail-setup/apply?"
	for _, tt := range []struct {
		domain, extra  string
		status         int
		stdout, stderr string
	}{
		{"example.com", "", statusFine, at + "domain=example.com&key=_dck1&sig=", ""},
		{"microsoft.example", "", statusFine, at + "domain=microsoft.example&groupId=autoconfig&key=_dck1&sig=", ""},
		{"none.example", "", statusFindings, "", "waymark: the DNS provider of none.example does not support Domain Connect"},
		{"unknown.example", "", statusFindings, "", "waymark: "},
		{"example.com", "--key-name=no name", statusUsage, "", "--key-name"},
		{"example.com", "--key-file=" + os.DevNull, statusUsage, "", "--key-file: "},
		{"example.com", "--key-name=_other", statusFindings, "", "there is no TXT record _other.example.net"},
		{"example.com", "--key-domain=example.org", statusFindings, "", "there is no TXT record _dck1.example.org"},
		{"example.com", "--allow-private=false", statusFindings, "", "not public"},
		{"example.com", "--service-id=../x", statusUsage, "", "the service ID"},
	} {
		status, stdout, stderr := waymark(t, append(args, tt.domain, tt.extra)[:len(args)+1+min(len(tt.extra), 1)]...)
		if status != tt.status || !strings.HasPrefix(stdout, tt.stdout) || (stdout == "") != (tt.stdout == "") || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%s %s: status %d, %q, %q", tt.domain, tt.extra, status, stdout, stderr)
		}
	}
}

// TestDomainConnectTemplate pins what goes to which stream.
func TestDomainConnectTemplate(t *testing.T) {
	args := []string{"domain-connect", "template", "--provider-id", "example.net", "--provider-name", "Example Mail", "--host", "waymark.example.net"}
	status, stdout, stderr := waymark(t, args...)
	if status != statusFine || !strings.Contains(stdout, `"syncPubKeyDomain": "example.net"`) || stderr != "note: call the file example.net.mail-setup.json\n" {
		t.Errorf("status %d, %s, %q", status, stdout, stderr)
	}
	if _, stdout, _ := waymark(t, append(args, "--key-domain", "keys.example.net")...); !strings.Contains(stdout, `"syncPubKeyDomain": "keys.example.net"`) {
		t.Error(stdout)
	}
	for missing, args := range map[string][]string{"provider-name": args[:4], "host": args[:6]} {
		if status, stdout, stderr := waymark(t, args...); status != statusUsage || stdout != "" || !strings.Contains(stderr, missing) {
			t.Errorf("without %s: status %d, %q, %q", missing, status, stdout, stderr)
		}
	}
}
