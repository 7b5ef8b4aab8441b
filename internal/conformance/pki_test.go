package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/internal/sign"
)

// pki is a throw-away root, an intermediate below it and a signer below that.
type pki struct {
	t     testing.TB
	dir   string
	roots *x509.CertPool

	intermediate *x509.Certificate
	key          crypto.Signer // of the intermediate
	signer       *sign.Identity
	leaf         *x509.Certificate // of the signer
	leafKey      crypto.Signer
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	rootKey, intermediateKey := newKey(t), newKey(t)
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
	}
	root := issue(t, template("Test Root"), nil, rootKey.Public(), rootKey)
	p := &pki{
		t: t, dir: t.TempDir(), roots: x509.NewCertPool(), key: intermediateKey,
		intermediate: issue(t, template("Test Intermediate"), root, intermediateKey.Public(), rootKey),
	}
	p.roots.AddCert(root)
	p.signer = p.identity(time.Now())
	return p
}

// identity returns a signer whose certificate was made at a time and is valid
// for a month.
func (p *pki) identity(made time.Time) *sign.Identity {
	p.t.Helper()
	p.write("sign.pem", made)
	path := filepath.Join(p.dir, "sign.pem")
	id, err := sign.Load(path, path, made)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// write puts the certificate, the intermediate one and the key into one file.
func (p *pki) write(name string, made time.Time) {
	p.t.Helper()
	key := newKey(p.t)
	leaf := issue(p.t, &x509.Certificate{
		SerialNumber: big.NewInt(made.UnixNano()), Subject: pkix.Name{CommonName: "profiles.example.com"}, DNSNames: []string{"profiles.example.com"},
		NotBefore: made.Add(-time.Hour), NotAfter: made.Add(31 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, p.intermediate, key.Public(), p.key)
	p.leaf, p.leafKey = leaf, key
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	var file []byte
	for _, block := range []*pem.Block{
		{Type: "CERTIFICATE", Bytes: leaf.Raw},
		{Type: "CERTIFICATE", Bytes: p.intermediate.Raw},
		{Type: "PRIVATE KEY", Bytes: der},
	} {
		file = append(file, pem.EncodeToMemory(block)...)
	}
	if err := os.WriteFile(filepath.Join(p.dir, name), file, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// odd signs without the intermediate certificate, and in other forms that
// devices do not take.
type odd struct {
	*pki
	digest   asn1.ObjectIdentifier
	detached bool
}

func (o odd) Sign(content []byte) ([]byte, error) {
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	data.SetDigestAlgorithm(o.digest)
	if err := data.AddSigner(o.leaf, o.leafKey, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	if o.detached {
		data.Detach()
	}
	return data.Finish()
}

// nothing signs, but not the profile.
type nothing struct{ *pki }

func (n nothing) Sign([]byte) ([]byte, error) { return n.signer.Sign(nil) }

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate; issuer nil makes it self-signed.
func issue(t testing.TB, template, issuer *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
