package service

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// reload posts to /-/reload and returns the answer.
func (h *house) reload() (int, string) {
	h.t.Helper()
	resp, err := h.client.Post("http://"+h.svc.Addr("ops")+"/-/reload", "", http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// TestRefusedReloads pins that /-/reload and the metrics report everything that a
// reload refuses: settings, keys, certificates and sources.
func TestRefusedReloads(t *testing.T) {
	const (
		signing = `signing: {cert_file: sign.pem, key_file: sign.key}`
		tls     = `tls: {listen: "127.0.0.1:0", cert_file: tls.pem, key_file: tls.key}`
	)
	for name, tc := range map[string]struct {
		breaks func(h *house)
		want   []string
		metric string
	}{
		"settings": {
			func(h *house) { h.write(h.file, settingsFor("a.example.net", signing, tls, "nonsense: 1", "other: 2")) },
			[]string{"reload refused", "waymark.yaml:5: unknown key nonsense", "waymark.yaml:6: unknown key other"},
			"",
		},
		"a signing key": {
			func(h *house) { h.write(filepath.Join(h.dir, "sign.key"), "garbage") },
			[]string{"reload refused", "signing: ", "sign.key"},
			`waymark_signing_certificates_total{result="failed"} `,
		},
		"other signing files": {
			func(h *house) {
				h.write(h.file, settingsFor("a.example.net", strings.Replace(signing, "sign.pem", "none.pem", 1), tls))
			},
			[]string{"reload refused", "signing: ", "none.pem"},
			`waymark_signing_certificates_total{result="failed"} `,
		},
		"a TLS certificate": {
			func(h *house) { h.write(filepath.Join(h.dir, "tls.pem"), "garbage") },
			[]string{"reload refused", "tls: ", "tls.pem"},
			`waymark_tls_certificates_total{result="failed"} `,
		},
		"a source": {
			func(h *house) {
				h.write(h.file, settingsFor("a.example.net", signing, tls, `directory: [{source: ldap, url: "ldap://127.0.0.1:1", base_dn: "dc=example", preset: iredmail, provider: one}]`))
			},
			[]string{"reload refused", "directory: "},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pair := certtest.Certify("setup.example.com", certtest.NewKey(), nil)
			for _, file := range []string{"sign", "tls"} {
				for path, text := range map[string][]byte{file + ".pem": pair.CertPEM(), file + ".key": pair.KeyPEM()} {
					if err := os.WriteFile(filepath.Join(dir, path), text, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			good := settingsFor("a.example.net", signing, tls)
			h := startIn(t, dir, good)
			const successful = "waymark_config_last_reload_successful "
			if status, body := h.reload(); status != 200 || body != "reload done\n" || !strings.Contains(h.opsPage("/metrics"), successful+"1") {
				t.Fatalf("before: %d %s", status, body)
			}
			tc.breaks(h)
			status, body := h.reload()
			if status != 422 {
				t.Errorf("status %d", status)
			}
			for _, want := range tc.want {
				if !strings.Contains(body, want) {
					t.Errorf("no %q in\n%s", want, body)
				}
			}
			metrics := h.opsPage("/metrics")
			if !strings.Contains(metrics, successful+"0") || !strings.Contains(metrics, tc.metric) {
				t.Errorf("no %s0 and %s in the metrics", successful, tc.metric)
			}
			if got := h.autoconfig(); !strings.Contains(got, "a.example.net") {
				t.Errorf("the old settings do not answer: %s", got)
			}
		})
	}
}
