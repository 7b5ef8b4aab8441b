package service

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
)

// withIdentities are settings with an identity of their own for a provider and a domain.
func withIdentities(signing, ofProvider, ofDomain, more string) string {
	return fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
%s
%s
providers:
  one:
    services: &services
      - {protocol: imap, host: mail.example.net}
      - {protocol: submission, host: mail.example.net}
  two:
    services: *services
    signing: %s
domains:
  one.example: {provider: one}
  two.example: {provider: two}
  alias.example: {alias_of: two.example}
  own.example: {provider: two, signing: %s}
`, signing, more, ofProvider, ofDomain)
}

// profileOf returns the profile of a mailbox.
func (h *house) profileOf(domain string) (status int, body string) {
	return h.get("http://" + h.svc.Addr("http") + "/profile.mobileconfig?email=anna@" + domain)
}

// signerOf returns who signed the profile of a mailbox, and the profile.
func (h *house) signerOf(domain string) (string, []byte) {
	h.t.Helper()
	status, body := h.profileOf(domain)
	if status != http.StatusOK {
		return fmt.Sprint(status), nil
	}
	report, err := sign.Verify([]byte(body), nil, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return report.Signer.Subject.CommonName, report.Content
}

// TestIdentitiesOfProvidersAndDomains signs with three identities, then with others: who
// signs changes nothing in a profile.
func TestIdentitiesOfProvidersAndDomains(t *testing.T) {
	dir := t.TempDir()
	files := func(name string, moment time.Time, more string) string {
		cert, key := certtest.Certify(name, certtest.NewKey(), nil, certtest.At(moment)).Write(t, t.TempDir())
		return fmt.Sprintf("{cert_file: %q, key_file: %q%s}", cert, key, more)
	}
	now := time.Now()
	two := files("Two", now, "")
	h := startIn(t, dir, withIdentities("signing: "+files("Default", now, ""), two, files("Own", now, ""), ""))
	signed := func(want map[string]string) map[string][]byte {
		t.Helper()
		profiles := map[string][]byte{}
		for domain, signer := range want {
			got, profile := h.signerOf(domain)
			if got != signer {
				t.Errorf("%s: signed by %s, want %s", domain, got, signer)
			}
			profiles[domain] = profile
		}
		return profiles
	}
	before := signed(map[string]string{"one.example": "Default", "two.example": "Two", "alias.example": "Two", "own.example": "Own"})
	if got, profile := h.signerOf("two.example&email=bert@one.example"); got != "Two" || !bytes.Contains(profile, []byte("bert@one.example")) {
		t.Errorf("mailboxes of two providers: signed by %s, want the first one's identity", got)
	}
	metrics := h.opsPage("/metrics")
	for _, kind := range []string{"default", "providers", "domains"} {
		if sample(t, metrics, `waymark_signing_certificate_not_after_timestamp_seconds{identity="`+kind+`"}`) < float64(now.Unix()) {
			t.Errorf("the metric of %s", kind)
		}
	}

	// The domain has the identity of the provider; the provider's has expired, but may
	// be missing; the default one is self-signed.
	h.write(h.file, withIdentities("", strings.TrimSuffix(two, "}")+", when_expired: unsigned}", two, ""))
	if status, body := h.reload(); status != http.StatusOK {
		t.Fatal(status, body)
	}
	after := signed(map[string]string{"one.example": "Waymark (self-signed)", "two.example": "Two", "own.example": "Two"})
	for domain, profile := range after {
		if !bytes.Equal(profile, before[domain]) {
			t.Errorf("%s: the profile is another one with another signer", domain)
		}
	}
	if metrics := h.opsPage("/metrics"); !strings.Contains(metrics, `seconds{identity="domains"}`) || strings.Contains(metrics, `waymark_signing_certificates_total{result="failed"}`) {
		t.Error("the metrics after the reload")
	}
	h.ahead.Store(int64(80 * 24 * time.Hour))
	h.svc.checkIdentity()
	h.svc.checkIdentity()
	expires := "the identity expires on " + now.AddDate(0, 0, 90).UTC().Format(time.DateOnly) + "; renew it"
	if ready := h.opsPage("/readyz"); ready != "ready\ndomains.own.example.signing: "+expires+"\n" {
		t.Errorf("/readyz: %s", ready)
	}
	if logged := h.logs.FilterMessage("signing certificate expires soon").FilterField(zap.String("identity", "domains.own.example.signing")); logged.Len() != 1 {
		t.Errorf("logged %d times that it expires soon", logged.Len())
	}
	h.ahead.Store(int64(100 * 24 * time.Hour))
	h.svc.checkIdentity()
	for domain, want := range map[string]string{"one.example": "\x30", "two.example": "<?xml", "own.example": "The profile is not available"} {
		if _, body := h.profileOf(domain); !strings.HasPrefix(body, want) {
			t.Errorf("%s after the expiry: %.100q, want %q", domain, body, want)
		}
	}

	h.ahead.Store(0)
	h.write(h.file, settingsFor("mail.example.net", ""))
	if status, body := h.reload(); status != http.StatusOK {
		t.Fatal(status, body)
	}
	if metrics := h.opsPage("/metrics"); strings.Contains(metrics, `seconds{identity="domains"}`) {
		t.Error("the metric of an identity that is gone stays")
	}
}

// TestAReloadWithABadIdentity of a provider is refused as a whole; a pair of files that is
// only half written leaves the old one in use.
func TestAReloadWithABadIdentity(t *testing.T) {
	dir := t.TempDir()
	party := certtest.Certify("Two", certtest.NewKey(), nil)
	cert, key := party.Write(t, dir)
	good := withIdentities("", fmt.Sprintf("{cert_file: %q, key_file: %q}", cert, key), fmt.Sprintf("{cert_file: %q, key_file: %q}", cert, key), "")
	h := startIn(t, dir, good)
	h.write(h.file, withIdentities("", "{cert_file: missing.pem, key_file: missing.key}", "{cert_file: missing.pem, key_file: missing.key}", ""))
	if status, body := h.reload(); status != http.StatusUnprocessableEntity || !strings.Contains(body, "domains.own.example.signing: ") || !strings.Contains(body, "missing.pem") {
		t.Errorf("%d %s", status, body)
	}
	h.write(h.file, good)
	h.write(key, string(certtest.KeyPEM(certtest.NewKey())))
	if status, body := h.reload(); status != http.StatusUnprocessableEntity || strings.Count(body, "does not match") != 1 {
		t.Errorf("%d %s", status, body)
	}
	if got, _ := h.signerOf("two.example"); got != "Two" {
		t.Errorf("signed by %s", got)
	}
}

// TestAReloadBeforeItsCertificate is refused, and done as soon as the files are there.
func TestAReloadBeforeItsCertificate(t *testing.T) {
	dir := t.TempDir()
	h := startIn(t, dir, settingsFor("mail.example.net", ""))
	later := t.TempDir()
	party := certtest.Certify("Later", certtest.NewKey(), nil)
	h.write(h.file, settingsFor("mail.example.org", fmt.Sprintf("signing: {cert_file: %q, key_file: %q}", filepath.Join(later, "cert.pem"), filepath.Join(later, "key.pem"))))
	h.eventually("the settings are refused", func() bool { return h.logs.FilterMessageSnippet("reload failed").Len() > 0 })
	h.write(filepath.Join(later, "key.pem"), string(party.KeyPEM()))
	h.write(filepath.Join(later, "cert.pem"), string(party.CertPEM()))
	h.eventually("the settings are used", func() bool { return h.logs.FilterMessageSnippet("settings reloaded").Len() > 0 })
	if signer, _ := h.signerOf("example.com"); signer != "Later" {
		t.Errorf("signed by %s", signer)
	}
}

// TestCheckOfIdentities reports each identity at its own line of its own file.
func TestCheckOfIdentities(t *testing.T) {
	dir := t.TempDir()
	soon, key := certtest.Certify("Two", certtest.NewKey(), nil, certtest.At(time.Now().AddDate(0, 0, -80))).Write(t, dir)
	text := withIdentities("", "{acme: waymark.hoster.example}", "{cert_file: missing.pem, key_file: missing.key}", "tls: {acme: {email: ops@example.org}}\ninclude: [more.yaml]")
	more := fmt.Sprintf("domains:\n  more.example:\n    provider: one\n    signing: {cert_file: %q, key_file: %q}\n", soon, key)
	for name, text := range map[string]string{"waymark.yaml": text, "more.yaml": more} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "waymark.yaml")
	cfg, findings := config.Load(file, config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	var lines strings.Builder
	for _, f := range CheckFiles(file, cfg, filepath.Join(dir, "state"), time.Now()) {
		lines.WriteString(strings.ReplaceAll(f.String(), dir+"/", "") + "\n")
	}
	for _, want := range []string{
		"waymark.yaml:18: domains.own.example.signing: open missing.pem: no such file or directory\n",
		"more.yaml:4: warning: domains.more.example.signing: the identity expires on " + time.Now().AddDate(0, 0, 10).UTC().Format(time.DateOnly) + "; renew it\n",
	} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("no finding %s in\n%s", want, lines.String())
		}
	}
	if strings.Contains(lines.String(), "providers.two.signing") {
		t.Errorf("a certificate that is still to be ordered is reported:\n%s", lines.String())
	}
}

// TestCheckOfTheStorageOfReplicas connects to the database of certificates.
func TestCheckOfTheStorageOfReplicas(t *testing.T) {
	text := settingsFor("mail.example.net", `tls: {acme: {email: ops@example.org, storage: {sql: customers, key: "${env:KEY}"}}}
directory: [{source: sql, name: customers, driver: postgres, dsn: "postgres://u@127.0.0.1:1/x?sslmode=disable", provider: one, queries: {domain: "SELECT 1 FROM d WHERE n = {domain}"}}]`)
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{Getenv: func(string) (string, bool) { return strings.Repeat("k", 40), true }})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	var all []string
	for _, f := range CheckFiles("waymark.yaml", cfg, t.TempDir(), time.Now()) {
		all = append(all, f.String())
	}
	if found := strings.Join(all, "\n"); !strings.Contains(found, "waymark.yaml:3: tls.acme.storage: the table waymark_certificates: ") || !strings.Contains(found, "connection refused") {
		t.Error(found)
	}
}

// TestAnIdentityFromACME orders the certificate of a name, signs with it, survives a
// restart without the authority, and picks up a renewal.
func TestAnIdentityFromACME(t *testing.T) {
	a := acmetest.New(t)
	dir := t.TempDir()
	settings := withIdentities("signing: {acme: waymark.hoster.example}", "{acme: waymark.hoster.example}", "{acme: profiles.hoster.example, when_expired: unsigned}", onDemand(t, a, ""))
	a.Break(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h := startIn(t, dir, settings)
	a.Validate(portOf(t, h.svc.Addr("http")), portOf(t, h.svc.Addr("https")))
	if status, _ := h.profileOf("one.example"); status != http.StatusServiceUnavailable {
		t.Errorf("the profile without a certificate: %d", status)
	}
	if status, _ := h.get("http://" + h.svc.Addr("ops") + "/-/certificate?domain=profiles.hoster.example"); status != http.StatusOK {
		t.Errorf("the permission of a name that signs: %d", status)
	}
	if ready := h.opsPage("/readyz"); !strings.Contains(ready, "\nsigning: there is no signing identity\n") {
		t.Errorf("/readyz: %s", ready)
	}
	h.eventually("the failed order is logged", func() bool { return h.logs.FilterMessage("certificate order failed").Len() >= 2 })
	if logged := h.logs.FilterMessage("signing certificate not available; Apple profiles are refused until it is"); logged.Len() != 2 {
		t.Errorf("logged %d times that a certificate is missing, want once for each", logged.Len())
	}
	a.Break(nil)
	h.ahead.Store(int64(time.Hour)) // after the wait
	h.eventually("both names sign", func() bool {
		h.svc.refreshIdentities()
		all := h.svc.current.Load().identities
		return all[""].Valid() == nil && all["domains.own.example.signing"].Valid() == nil
	})
	for _, line := range h.logs.All() {
		if strings.Contains(fmt.Sprint(line.Message, line.ContextMap()), "ops@example.org") {
			t.Errorf("the contact is in the log: %s %v", line.Message, line.ContextMap())
		}
	}
	chain := func(domain string) sign.Report {
		t.Helper()
		_, body := h.profileOf(domain)
		report, err := sign.Verify([]byte(body), a.Root, time.Now())
		if err != nil || report.Trusted != nil {
			t.Errorf("%s: %v, trusted: %v", domain, err, report.Trusted)
		}
		return report
	}
	for domain, name := range map[string]string{"one.example": "waymark.hoster.example", "two.example": "waymark.hoster.example", "own.example": "profiles.hoster.example"} {
		if got := chain(domain).Signer; got.DNSNames[0] != name || got.PublicKeyAlgorithm.String() != "RSA" {
			t.Errorf("%s: signed by %v, %s", domain, got.DNSNames, got.PublicKeyAlgorithm)
		}
	}
	first := chain("own.example").Signer
	h.stop()

	a.Break(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h = startIn(t, dir, settings)
	if got := chain("own.example").Signer; !got.Equal(first) {
		t.Error("another signer after a restart")
	}
	proven := h.svc.current.Load().identities[""].Identity()
	h.svc.refreshIdentities()
	if h.svc.current.Load().identities[""].Identity() != proven {
		t.Error("a certificate that is the same is read and proven again")
	}

	// As if another replica had renewed it.
	path, err := filepath.Glob(filepath.Join(dir, "state", "acme", "certificates", "*", "profiles.hoster.example"))
	if err != nil || len(path) != 1 {
		t.Fatal(path, err)
	}
	ca := certtest.Authority("Other", nil)
	renewed := certtest.Certify("renewed", certtest.RSAKey(2048), &ca, certtest.Hosts("profiles.hoster.example"))
	base := filepath.Join(path[0], "profiles.hoster.example")
	h.write(base+".key", string(renewed.KeyPEM()))
	h.write(base+".crt", string(renewed.CertPEM())+string(ca.CertPEM()))
	h.svc.refreshIdentities()
	if got, _ := h.signerOf("own.example"); got != "renewed" {
		t.Errorf("after a renewal: signed by %s", got)
	}
	// A certificate that cannot sign replaces none.
	if err := os.WriteFile(base+".crt", []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.svc.refreshIdentities()
	if got, _ := h.signerOf("own.example"); got != "renewed" {
		t.Errorf("after a damaged file: signed by %s", got)
	}
}
