package pemfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// aMoment is when everything here happens.
func aMoment() time.Time { return time.Date(2026, 11, 5, 14, 30, 15, 0, time.UTC) }

// party is a certificate with its key.
type party struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

// authority makes a certificate that may issue others; issued by itself when
// by is nil.
func authority(name string, by *party, change ...func(*x509.Certificate)) party {
	return certify(name, newKey(), by, append([]func(*x509.Certificate){func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}}, change...)...)
}

func certify(name string, key crypto.Signer, by *party, change ...func(*x509.Certificate)) party {
	template := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<60))), Subject: pkix.Name{CommonName: name},
		NotBefore: aMoment().Add(-time.Hour), NotAfter: aMoment().AddDate(0, 0, 90),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, c := range change {
		c(template)
	}
	issuer, issuerKey := template, key
	if by != nil {
		issuer, issuerKey = by.cert, by.key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey))
	return party{must(x509.ParseCertificate(der)), key}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func certPEM(p party) []byte { return pemOf("CERTIFICATE", p.cert.Raw) }

func keyPEM(key crypto.Signer) []byte {
	return pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

// inFolder works in a new folder with cert.pem and key.pem in it, so that
// messages name these. A file of nil parts is not made.
func inFolder(t *testing.T, cert, key [][]byte) {
	t.Helper()
	t.Chdir(t.TempDir())
	put(t, "cert.pem", cert...)
	put(t, "key.pem", key...)
}

func put(t *testing.T, name string, parts ...[]byte) {
	t.Helper()
	if parts == nil {
		return
	}
	var data []byte
	for _, p := range parts {
		data = append(data, p...)
	}
	if err := os.WriteFile(filepath.Clean(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
