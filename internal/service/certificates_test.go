package service

import (
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
)

// TestManyCertificates serves two names from files, breaks one at a restart, and
// adds a third without one.
func TestManyCertificates(t *testing.T) {
	root, ca := t.TempDir(), certtest.Authority("Test Root", nil)
	pair := func(name string) string {
		dir := filepath.Join(root, name)
		makeDir(t, dir)
		cert, key := ca.Server(name).Write(t, dir)
		return fmt.Sprintf("{cert_file: %q, key_file: %q}", cert, key)
	}
	settings := func(pairs ...string) string {
		return settingsFor("mail.example.net", `tls: {listen: "127.0.0.1:0", files: [`+strings.Join(pairs, ", ")+"]}")
	}
	one, two, three := pair("autoconfig.one.example"), pair("autoconfig.two.example"), pair("autoconfig.three.example")
	h := start(t, settings(one, two))
	serves := func(name string) bool {
		conn, err := tls.Dial("tcp", h.svc.Addr("https"), &tls.Config{RootCAs: ca.Pool(), ServerName: name})
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	}
	expect := func(when string, want map[string]bool) {
		t.Helper()
		for name, want := range want {
			if got := serves("autoconfig." + name + ".example"); got != want {
				t.Errorf("%s, %s is served: %v, want %v", when, name, got, want)
			}
		}
	}
	expect("at the start", map[string]bool{"one": true, "two": true, "three": false})

	h.write(h.file, settings(one, two, three))
	h.eventually("a pair that the settings have got", func() bool { return serves("autoconfig.three.example") })
	expect("after a reload", map[string]bool{"one": true, "two": true, "three": true})

	h.write(filepath.Join(root, "autoconfig.two.example", "key.pem"), "garbage")
	h = start(t, settings(two, one))
	expect("after a restart with a broken pair", map[string]bool{"one": true, "two": false})
	if logged := h.logs.FilterMessage("TLS certificate unusable; the others are served"); logged.Len() != 1 {
		t.Errorf("%d log lines about the broken pair, want 1", logged.Len())
	}
	if got := h.opsPage("/metrics"); !strings.Contains(got, `waymark_tls_certificates_total{result="failed"} 1`) {
		t.Error("the broken pair is not counted")
	}
}

// TestTheExpiryOfTheLastCertificate is not reported any more when that is gone.
func TestTheExpiryOfTheLastCertificate(t *testing.T) {
	m, now := telemetry.NewMetrics("", ""), time.Unix(1_800_000_000, 0)
	var e expiry
	for i, step := range []struct {
		files, orders time.Time
		want          string
	}{
		{now, now.Add(time.Hour), "1.8e+09"},
		{time.Time{}, now.Add(time.Hour), "1.8000036e+09"},
		{time.Time{}, time.Time{}, ""},
	} {
		e.files(step.files, m)
		e.orders(step.orders, m)
		page := httptest.NewRecorder()
		m.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
		_, rest, _ := strings.Cut(page.Body.String(), "\nwaymark_tls_certificate_not_after_timestamp_seconds ")
		if got, _, _ := strings.Cut(rest, "\n"); got != step.want {
			t.Errorf("step %d: reported %q, want %q", i, got, step.want)
		}
	}
}

func makeDir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}
