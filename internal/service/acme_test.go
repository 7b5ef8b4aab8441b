package service

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
)

// onDemand are settings that order certificates from an authority.
func onDemand(t *testing.T, a *acmetest.Authority, more string) string {
	t.Helper()
	return fmt.Sprintf(`tls: {listen: "127.0.0.1:0", acme: {email: ops@example.org, directory: %q, roots_file: %q, check_dns: false}%s}`, a.URL, a.WriteServer(t), more)
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	var port int
	if _, err := fmt.Sscanf(addr, "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	return port
}

// TestCertificatesOnDemand shakes hands for names of a domain in the settings, of none,
// and for one with a certificate from files; then it asks as a client does, after a
// restart without the authority.
func TestCertificatesOnDemand(t *testing.T) {
	t.Parallel()
	a, ca := acmetest.New(t), certtest.Authority("Test Root", nil)
	cert, key := ca.Server("waymark.hoster.example").Write(t, t.TempDir())
	settings := settingsFor("mail.example.net", onDemand(t, a, fmt.Sprintf(", files: [{cert_file: %q, key_file: %q}]", cert, key))) + "  \"*.schools.example\": {provider: one}\n"
	dir := t.TempDir()
	h := startIn(t, dir, settings)
	a.Validate(portOf(t, h.svc.Addr("http")), portOf(t, h.svc.Addr("https")))
	dial := func(name string) error {
		roots := a.Root.Clone()
		roots.AddCert(ca.Cert)
		conn, err := tls.Dial("tcp", h.svc.Addr("https"), &tls.Config{RootCAs: roots, ServerName: name})
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	for name, want := range map[string]string{
		"autoconfig.example.com":       "",
		"autodiscover.example.com":     "",
		"waymark.hoster.example":       "",
		"autoconfig.unknown.example":   "not autoconfig.unknown.example", // the certificate of the files
		"www.example.com":              "not www.example.com",
		"autoconfig.a.schools.example": "not autoconfig.a.schools.example", // anybody can make up names below a suffix
		"autoconfig.a.b.c.example.com": "not autoconfig.a.b.c.example.com",
	} {
		if err := dial(name); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if got := a.Orders(); got != 2 {
		t.Errorf("%d orders, want 2", got)
	}
	metrics := h.opsPage("/metrics")
	for _, want := range []string{`waymark_tls_certificates_total{result="issued"} 2`, `waymark_tls_certificates_total{result="unknown"} 4`, "\nwaymark_tls_certificate_not_after_timestamp_seconds 1."} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if logged := h.logs.FilterMessage("certificate obtained"); logged.Len() != 2 {
		t.Errorf("%d log lines about certificates, want 2", logged.Len())
	}
	for _, line := range h.logs.All() {
		if strings.Contains(fmt.Sprint(line.Message, line.ContextMap()), "ops@example.org") {
			t.Errorf("the contact is in the log: %s %v", line.Message, line.ContextMap())
		}
	}
	h.stop()

	a.Break(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h = startIn(t, dir, settings)
	if err := dial("autoconfig.example.com"); err != nil {
		t.Errorf("after a restart without the authority: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Root, ServerName: "autoconfig.example.com"}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + h.svc.Addr("https") + "/mail/config-v1.1.xml?emailaddress=a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(resp.Body); resp.ProtoMajor != 2 || !strings.Contains(string(body), "mail.example.net") {
		t.Errorf("HTTP/%d: %s", resp.ProtoMajor, body)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "state", "acme", "certificates", "*", "*", "*.key")); len(files) != 2 {
		t.Errorf("the state directory has the keys %v", files)
	}
}

// TestNothingIsFoundAtChallenges of names that have none.
func TestNothingIsFoundAtChallenges(t *testing.T) {
	a := acmetest.New(t)
	h := start(t, settingsFor("mail.example.net", onDemand(t, a, "")))
	for _, host := range []string{"autoconfig.example.com", "autoconfig.unknown.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.svc.Addr("http")+"/.well-known/acme-challenge/token", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", host, resp.StatusCode)
		}
	}
}

// TestAnotherNameServerNeedsARestart, as all of tls.acme does; a moved line does not.
func TestAnotherNameServerNeedsARestart(t *testing.T) {
	of := func(line int, key string) *config.TLS {
		return &config.TLS{ACME: &config.ACME{
			Line: line, DNS: &config.DNSUpdates{KeyName: "waymark", Key: key}, Storage: &config.CertificateDatabase{Line: line},
		}}
	}
	if !sameListener(of(1, "one"), of(2, "one")) {
		t.Error("the same settings need a restart")
	}
	if sameListener(of(1, "one"), of(1, "two")) || sameListener(of(1, "one"), &config.TLS{ACME: &config.ACME{}}) {
		t.Error("another key, or none, needs no restart")
	}
}
