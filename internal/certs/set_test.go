package certs

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// pair writes the certificate of a server for these names.
func pair(t *testing.T, names ...string) Files {
	t.Helper()
	certFile, keyFile := certify(names[0], certtest.NewKey(), nil, certtest.Hosts(names...)).Write(t, t.TempDir())
	return Files{certFile, keyFile}
}

// served returns the common name of the certificate for a server name, "" for none.
func served(t *testing.T, s *Set, name string) string {
	t.Helper()
	c, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		return ""
	}
	return c.Leaf.Subject.CommonName
}

func TestASetChoosesByName(t *testing.T) {
	s, wrong := LoadSet([]Files{
		pair(t, "waymark.example.org"),
		pair(t, "autoconfig.example.com", "autodiscover.example.com"),
		pair(t, "*.example.net"),
		pair(t, "mail.example.net"),
	}, testTime)
	if wrong != nil {
		t.Fatal(wrong)
	}
	for name, want := range map[string]string{
		"autoconfig.example.com":    "autoconfig.example.com",
		"autodiscover.example.com":  "autoconfig.example.com",
		"AutoDiscover.Example.Com.": "autoconfig.example.com",
		"autoconfig.example.net":    "*.example.net",
		"mail.example.net":          "mail.example.net",    // the exact name, not the wildcard
		"a.b.example.net":           "waymark.example.org", // a wildcard is for one label
		"example.net":               "waymark.example.org",
		"autoconfig.unknown":        "waymark.example.org",
		"":                          "waymark.example.org",
	} {
		if got := served(t, s, name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
	if s, _ := LoadSet(nil, testTime); served(t, s, "x") != "" {
		t.Error("an empty set has a certificate")
	}
}

// TestASetHasAKeyForEachClient has two certificates for one name.
func TestASetHasAKeyForEachClient(t *testing.T) {
	ecdsa := pair(t, "mail.example.com")
	certFile, keyFile := certify("RSA", certtest.RSAKey(2048), nil, certtest.Hosts("mail.example.com")).Write(t, t.TempDir())
	s, wrong := LoadSet([]Files{ecdsa, {certFile, keyFile}}, testTime)
	if wrong != nil {
		t.Fatal(wrong)
	}
	for scheme, want := range map[tls.SignatureScheme]string{tls.ECDSAWithP256AndSHA256: "mail.example.com", tls.PSSWithSHA256: "RSA"} {
		hello := &tls.ClientHelloInfo{ServerName: "mail.example.com", SignatureSchemes: []tls.SignatureScheme{scheme}, SupportedVersions: []uint16{tls.VersionTLS13}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}}
		if c := s.ForName(hello); c == nil || c.Leaf.Subject.CommonName != want {
			t.Errorf("a client that verifies %s gets %v, want %s", scheme, c, want)
		}
	}
}

// TestASetReloadsEachPairAlone breaks one pair, adds one, and removes one.
func TestASetReloadsEachPairAlone(t *testing.T) {
	dir := t.TempDir()
	missing := Files{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	first, second := pair(t, "first.example"), pair(t, "second.example")
	s, wrong := LoadSet([]Files{first, missing, second}, testTime)
	if len(wrong) != 1 || s.Len() != 2 {
		t.Fatalf("%d pairs, errors %v; want 2, and an error for the missing one", s.Len(), wrong)
	}
	for _, step := range []struct {
		name   string
		change func()
		files  []Files
		errors int
		want   map[string]string
	}{
		{"a broken pair", func() { write(t, second.CertFile, []byte("garbage")) }, []Files{first, missing, second}, 2,
			map[string]string{"first.example": "first.example", "second.example": "second.example", "third.example": "first.example"}},
		{"the missing pair appears", func() {
			certify("third.example", certtest.NewKey(), nil, certtest.Hosts("third.example")).Write(t, dir)
		}, []Files{first, missing, second}, 1,
			map[string]string{"second.example": "second.example", "third.example": "third.example"}},
		{"the broken pair is removed", func() { certtest.Must(0, os.Remove(second.CertFile)) }, []Files{missing, first}, 0,
			map[string]string{"first.example": "first.example", "second.example": "third.example", "third.example": "third.example"}},
	} {
		step.change()
		if wrong := s.Reload(step.files); len(wrong) != step.errors {
			t.Errorf("%s: errors %v, want %d", step.name, wrong, step.errors)
		}
		for name, want := range step.want {
			if got := served(t, s, name); got != want {
				t.Errorf("%s: %s gets %s, want %s", step.name, name, got, want)
			}
		}
	}
}
