package service

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/test/certtest"
)

// TestAStartWithoutASigningIdentity starts with every kind of identity that cannot
// be used: mail clients are answered all the same.
func TestAStartWithoutASigningIdentity(t *testing.T) {
	t.Parallel()
	good := certtest.Certify("setup.example.com", certtest.NewKey(), nil)
	for name, tc := range map[string]struct {
		cert, key string // of signing; "" for the state directory
		state     func(dir string) error
		profile   int
		log       string
	}{
		"a damaged certificate": {"-----BEGIN CERTIFICATE-----\nx\n", string(good.KeyPEM()), nil, 503, "Apple profiles are refused until it is replaced"},
		"an empty key":          {string(good.CertPEM()), "\n", nil, 503, "Apple profiles are refused until it is replaced"},
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

// TestACertificateOutsideItsValidity starts, runs and reloads with a signing
// certificate that is not valid: everything else is answered, profiles follow
// when_expired, and the log, the metrics and the page report it.
func TestACertificateOutsideItsValidity(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	at := func(moment time.Time) certtest.Party {
		return certtest.Certify("setup.example.com", certtest.NewKey(), nil, certtest.At(moment))
	}
	now, old, early := at(time.Now()), at(time.Now().Add(-year)), at(time.Now().Add(year))
	const (
		notAvailable = "The profile is not available at the moment."
		notSigned    = "cannot sign profiles at the moment"
	)
	for _, choice := range []struct {
		key, want    string
		status       int
		answer, page string
	}{
		{"", "refused", 503, notAvailable, notAvailable},
		{", when_expired: refuse", "refused", 503, notAvailable, notAvailable},
		{", when_expired: unsigned", "unsigned", 200, "<?xml ", notSigned},
	} {
		for _, tc := range []struct {
			name  string
			pair  certtest.Party
			after func(h *house)
		}{
			{"expired at the start", old, func(*house) {}},
			{"not yet valid at the start", early, func(*house) {}},
			{"expired while running", now, func(h *house) {
				h.ahead.Store(int64(year))
				h.svc.checkIdentity()
				h.svc.checkIdentity()
			}},
			{"expired at a reload", now, func(h *house) {
				h.ahead.Store(int64(year))
				if status, body := h.reload(); status != 422 || !strings.Contains(body, `signing: `) || !strings.Contains(body, `"setup.example.com" expired on `) {
					t.Errorf("the reload: %d %s", status, body)
				}
			}},
			{"other files at a reload", old, func(h *house) {
				h.write(filepath.Join(h.dir, "other.pem"), string(early.CertPEM()))
				h.write(filepath.Join(h.dir, "other.key"), string(early.KeyPEM()))
				h.write(h.file, settingsFor("mail.example.net", "signing: {cert_file: other.pem, key_file: other.key"+choice.key+"}"))
				if status, body := h.reload(); status != 422 || !strings.Contains(body, `"setup.example.com" is not valid before `) {
					t.Errorf("the reload: %d %s", status, body)
				}
			}},
		} {
			t.Run(tc.name+choice.key, func(t *testing.T) {
				dir := t.TempDir()
				for path, text := range map[string][]byte{"sign.pem": tc.pair.CertPEM(), "sign.key": tc.pair.KeyPEM()} {
					if err := os.WriteFile(filepath.Join(dir, path), text, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				h := startIn(t, dir, settingsFor("mail.example.net", "signing: {cert_file: sign.pem, key_file: sign.key"+choice.key+"}"))
				tc.after(h)
				if status, _ := h.ask("anna@example.com"); status != http.StatusOK {
					t.Errorf("autoconfig: %d", status)
				}
				profile := "http://" + h.svc.Addr("http") + "/profile.mobileconfig?email=anna@example.com"
				if status, body := h.get(profile); status != choice.status || !strings.HasPrefix(body, choice.answer) {
					t.Errorf("the profile: %d %.200s", status, body)
				}
				status, body := h.post(t, "/", url.Values{"email": {"anna@example.com"}, "device": {"iphone"}, "app": {"apple-mail"}})
				refused := choice.want == "refused"
				if status != 200 || !strings.Contains(body, choice.page) || strings.Contains(body, `action="/p/`) == refused {
					t.Errorf("the page: %d %s", status, body)
				}
				if logged := h.logs.FilterMessage(identityNotValid).FilterLevelExact(zap.ErrorLevel).FilterField(zap.String("profiles", choice.want)); logged.Len() != 1 {
					t.Errorf("logged %d times", logged.Len())
				}
				moment := float64(time.Now().Add(time.Duration(h.ahead.Load())).Unix())
				if metrics := h.opsPage("/metrics"); sample(t, metrics, `waymark_signing_certificate_not_after_timestamp_seconds{identity="default"}`) >= moment {
					t.Error("the metric is that of a certificate that is valid")
				}

				h.write(filepath.Join(dir, "sign.pem"), string(now.CertPEM()))
				h.write(filepath.Join(dir, "sign.key"), string(now.KeyPEM()))
				h.write(h.file, settingsFor("mail.example.net", "signing: {cert_file: sign.pem, key_file: sign.key}"))
				h.ahead.Store(0)
				if status, body := h.reload(); status != 200 {
					t.Errorf("the reload with a new certificate: %d %s", status, body)
				}
				if status, body := h.get(profile); status != http.StatusOK || strings.HasPrefix(body, "<?xml ") {
					t.Errorf("the profile with a new certificate: %d %.200s", status, body)
				}
			})
		}
	}
}

// TestACertificateThatBecomesValid needs no reload.
func TestACertificateThatBecomesValid(t *testing.T) {
	const year = 365 * 24 * time.Hour
	early := certtest.Certify("setup.example.com", certtest.NewKey(), nil, certtest.At(time.Now().Add(year)))
	dir := t.TempDir()
	cert, key := early.Write(t, dir)
	h := startIn(t, dir, settingsFor("mail.example.net", "signing: {cert_file: "+cert+", key_file: "+key+"}"))
	h.ahead.Store(int64(year))
	h.svc.checkIdentity()
	if status, _ := h.get("http://" + h.svc.Addr("http") + "/profile.mobileconfig?email=anna@example.com"); status != http.StatusOK {
		t.Errorf("the profile: %d", status)
	}
	if h.logs.FilterMessage("signing certificate valid again; Apple profiles are signed").Len() != 1 {
		t.Error("not logged")
	}
	if metrics := h.opsPage("/metrics"); sample(t, metrics, `waymark_signing_certificate_not_after_timestamp_seconds{identity="default"}`) == 0 {
		t.Error("the metric is that of a certificate that is not valid")
	}
}

// sample returns the value of a series.
func sample(t *testing.T, metrics, series string) float64 {
	t.Helper()
	_, rest, _ := strings.Cut(metrics, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		t.Fatalf("%s: %v", series, err)
	}
	return v
}
