package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// aMoment is when everything here happens. It is now, because openssl looks at
// the clock.
var aMoment = sync.OnceValue(func() time.Time { return time.Now().UTC().Truncate(time.Second) })

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

func rsaKey(bits int) crypto.Signer { return must(rsa.GenerateKey(rand.Reader, bits)) }

func ecKey(curve elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }

func newKey() crypto.Signer { return ecKey(elliptic.P256()) }

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

// files writes a certificate file and a key file and returns where.
func files(t testing.TB, key crypto.Signer, chain ...party) (certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	var certs []byte
	for _, p := range chain {
		certs = append(certs, certPEM(p)...)
	}
	for path, data := range map[string][]byte{certFile: certs, keyFile: keyPEM(key)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// identity returns that of a chain, the leaf first.
func identity(t testing.TB, chain ...party) *Identity {
	t.Helper()
	certFile, keyFile := files(t, chain[0].key, chain...)
	id, err := Load(certFile, keyFile, aMoment())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
