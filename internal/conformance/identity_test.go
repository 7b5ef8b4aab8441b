package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/conformance"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/test/certtest"
)

// TestIdentitiesOutliveRestartsAndServers is the part of check 36 that is not
// visible from outside: after a restart, with another signer and with servers
// at other names and ports, a profile still has the identifiers that the device
// knows it by.
func TestIdentitiesOutliveRestartsAndServers(t *testing.T) {
	moved := strings.NewReplacer("imap.example.com", "mail.example.net", "smtp.example.com", "out.example.net",
		"dav.example.com", "cloud.example.net", "Example & Söhne", "Another Name").Replace(settings)
	identities := func(text string) []string {
		pki := newPKI(t)
		report, err := sign.Verify(download(handler(t, text, pki.signer, zap.NewNop())), pki.roots, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		lines := strings.Split(string(report.Content), "\n")
		for i, line := range lines {
			if strings.Contains(line, "PayloadUUID") || strings.Contains(line, "PayloadIdentifier") {
				all = append(all, strings.TrimSpace(lines[i+1]))
			}
		}
		if len(all) != 8 {
			t.Fatalf("a profile with three accounts has %d identifiers and UUIDs", len(all))
		}
		return all
	}
	before := identities(settings)
	if again := identities(settings); !slices.Equal(again, before) {
		t.Errorf("after a restart: %v, before: %v", again, before)
	}
	if after := identities(moved); !slices.Equal(after, before) {
		t.Errorf("with other servers: %v, before: %v", after, before)
	}
}

// TestARenewedCertificateSignsFromThenOn is the part of check 38 that is not
// visible from outside.
func TestARenewedCertificateSignsFromThenOn(t *testing.T) {
	pki := newPKI(t)
	file := filepath.Join(pki.dir, "sign.pem")
	keeper, err := sign.NewKeeper(func(now time.Time) (*sign.Identity, error) { return sign.Load(file, file) }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := handler(t, settings, certtest.Profiles{By: keeper}, zap.NewNop())
	target := serve(t, h, pki)
	for _, renewed := range []bool{false, true} {
		if renewed {
			pki.write("sign.pem", time.Now())
			if err := keeper.Reload(); err != nil {
				t.Fatal(err)
			}
		}
		report, err := sign.Verify(download(h), pki.roots, time.Now())
		if err != nil || !report.Signer.Equal(pki.leaf.Cert) {
			t.Errorf("renewed %v: signed by number %v, %v; the file holds %v", renewed, report.Signer.SerialNumber, err, pki.leaf.Cert.SerialNumber)
		}
		checked, err := conformance.Run(t.Context(), target, 38)
		if err != nil || checked.Count(conformance.Passed) != 1 {
			t.Errorf("renewed %v: %+v, %v", renewed, checked, err)
		}
	}
}

// download returns the profile of anna@example.com.
func download(h http.Handler) []byte {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "https://example.com/profile.mobileconfig?email=anna@example.com", nil))
	return rec.Body.Bytes()
}
