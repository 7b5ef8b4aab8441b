package service

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func makeDir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}
