package conformance_test

import (
	"crypto/x509"
	"encoding/asn1"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	model "github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/test/certtest"
)

// pki is a throw-away root, an intermediate below it and a signer below that.
type pki struct {
	t     testing.TB
	dir   string
	roots *x509.CertPool

	intermediate certtest.Party
	signer       certtest.Profiles
	leaf         certtest.Party // of the signer
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	yearAround := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0)
	}
	root := certtest.Authority("Test Root", nil, yearAround)
	p := &pki{t: t, dir: t.TempDir(), roots: root.Pool(), intermediate: certtest.Authority("Test Intermediate", &root, yearAround)}
	p.signer = p.identity(time.Now())
	return p
}

// identity returns a signer whose certificate was made at a time and is valid
// for a month.
func (p *pki) identity(made time.Time) certtest.Profiles {
	p.t.Helper()
	p.write("sign.pem", made)
	path := filepath.Join(p.dir, "sign.pem")
	id, err := sign.Load(path, path)
	if err != nil {
		p.t.Fatal(err)
	}
	return certtest.Profiles{By: id}
}

// write puts the certificate, the intermediate one and the key into one file.
func (p *pki) write(name string, made time.Time) {
	p.t.Helper()
	p.leaf = certtest.Certify("profiles.example.com", certtest.NewKey(), &p.intermediate, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"profiles.example.com"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		c.NotBefore, c.NotAfter = made.Add(-time.Hour), made.Add(31*24*time.Hour)
	})
	file := slices.Concat(p.leaf.CertPEM(), p.intermediate.CertPEM(), p.leaf.KeyPEM())
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

func (o odd) Sign(_ *model.Provider, content []byte) ([]byte, error) {
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	data.SetDigestAlgorithm(o.digest)
	if err := data.AddSigner(o.leaf.Cert, o.leaf.Key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	if o.detached {
		data.Detach()
	}
	return data.Finish()
}

// nothing signs, but not the profile.
type nothing struct{ *pki }

func (n nothing) Sign(*model.Provider, []byte) ([]byte, error) { return n.signer.By.Sign(nil) }
