package service

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

// TestAStartWithoutASigningIdentity starts with every kind of identity that cannot
// be used: mail clients are answered all the same.
func TestAStartWithoutASigningIdentity(t *testing.T) {
	good := certtest.Certify("setup.example.com", certtest.NewKey(), nil)
	future := certtest.Certify("setup.example.com", certtest.NewKey(), nil, certtest.At(time.Now().AddDate(1, 0, 0)))
	for name, tc := range map[string]struct {
		cert, key string // of signing; "" for the state directory
		state     func(dir string) error
		profile   int
		log       string
	}{
		"a damaged certificate": {"-----BEGIN CERTIFICATE-----\nx\n", string(good.KeyPEM()), nil, 503, "Apple profiles are refused until it is replaced"},
		"an empty key":          {string(good.CertPEM()), "\n", nil, 503, "Apple profiles are refused until it is replaced"},
		"not yet valid":         {string(future.CertPEM()), string(future.KeyPEM()), nil, 503, "Apple profiles are refused until it is replaced"},
		"a damaged one of its own": {"", "", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "signing-self-signed.pem"), []byte("x"), 0o600)
		}, 200, "signing with a temporary one"},
		"a state directory that cannot be written to": {"", "", func(dir string) error {
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o600)
		}, 200, "signing with a temporary one"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			state, cert, key := filepath.Join(dir, "state"), filepath.Join(dir, "sign.pem"), filepath.Join(dir, "sign.key")
			if err := os.Mkdir(state, 0o700); err != nil {
				t.Fatal(err)
			}
			more := "state_dir: " + state
			if tc.state != nil {
				if err := tc.state(state); err != nil {
					t.Fatal(err)
				}
			} else {
				more = "signing: {cert_file: " + cert + ", key_file: " + key + "}"
				for file, text := range map[string]string{cert: tc.cert, key: tc.key} {
					if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			h := start(t, settingsFor("mail.example.net", more))
			profile := func() int {
				status, _ := h.get("http://" + h.svc.Addr("http") + "/profile.mobileconfig?email=anna@example.com")
				return status
			}
			if status, _ := h.ask("anna@example.com"); status != http.StatusOK {
				t.Errorf("autoconfig: %d", status)
			}
			if got := profile(); got != tc.profile {
				t.Errorf("the profile: %d, want %d", got, tc.profile)
			}
			var logged string
			for _, e := range h.logs.All() {
				logged += e.Message + "\n"
			}
			if !strings.Contains(logged, tc.log) {
				t.Errorf("the log is\n%s", logged)
			}
			if tc.state != nil {
				return
			}
			if metrics := h.opsPage("/metrics"); !strings.Contains(metrics, `waymark_signing_certificate_not_after_timestamp_seconds{identity="default"} 0`) {
				t.Error("the metrics do not tell that there is no identity")
			}
			h.write(cert, string(good.CertPEM()))
			h.write(key, string(good.KeyPEM()))
			h.eventually("profiles are signed", func() bool { return profile() == http.StatusOK })
		})
	}
}
