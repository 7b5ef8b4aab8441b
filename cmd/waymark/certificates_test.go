package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// TestCertificates lists a certificate from files, one on demand, one that has expired,
// and a name whose order failed.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	ca := certtest.Authority("Test Root", nil)
	cert, key := ca.Server("waymark.example.org").Write(t, dir)
	signCert, signKey := certtest.Certify("Profiles", certtest.NewKey(), nil).Write(t, t.TempDir())
	store := func(path string, data []byte) {
		t.Helper()
		path = filepath.Join(dir, "state", "acme", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store("certificates/ca/autoconfig.example.com/autoconfig.example.com.crt", ca.Server("autoconfig.example.com").CertPEM())
	settings := filepath.Join(dir, "waymark.yaml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, "signing: {cert_file: %q, key_file: %q}\ntls: {files: [{cert_file: %q, key_file: %q}], acme: {email: ops@example.org}}\nstate_dir: %q\n%s", signCert, signKey, cert, key, filepath.Join(dir, "state"),
		strings.Replace(good, "    services:", "    signing: {acme: waymark.example.net}\n    services:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	list := func(args ...string) (string, int) {
		var out, errs strings.Builder
		status := run(t.Context(), append([]string{"certificates", "-c", settings}, args...), environment{getenv: os.LookupEnv, stdout: &out, stderr: &errs})
		return out.String() + errs.String(), status
	}
	out, status := list()
	for _, row := range []string{
		`waymark\.example\.org +tls +\S+cert\.pem +Test Root +\d{4}-\d\d-\d\d +- +-`,
		`Profiles +signing +\S+cert\.pem +Profiles +\d{4}-\d\d-\d\d +- +-`,
		`waymark\.example\.net +providers\.one\.signing +acme +- +- +- +-`,
		`autoconfig\.example\.com +tls +acme +Test Root +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +-`,
	} {
		if !regexp.MustCompile("(?m)^" + row + "$").MatchString(out) {
			t.Errorf("no row %s in\n%s", row, out)
		}
	}
	if status != statusFine {
		t.Errorf("status %d, want %d", status, statusFine)
	}

	store("waymark/errors/autodiscover.example.com", []byte(`{"at": "2026-11-05T10:00:00Z", "error": "no\u001b[31m"}`))
	out, status = list()
	if want := `autodiscover.example.com  tls                    acme`; !strings.Contains(out, want) || !strings.Contains(out, "2026-11-05 10:00:00 no") || strings.Contains(out, "\x1b") || status != statusFindings {
		t.Errorf("status %d\n%s", status, out)
	}
	out, _ = list("-o", "json")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 5 || rows[4]["last_error"] != "no\x1b[31m" || rows[3]["from"] != "acme" || rows[0]["for"] != "signing" {
		t.Errorf("%v: %s", err, out)
	}
}
