package certtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"time"
)

// Party is a certificate with its key.
type Party struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// Change changes a certificate before it is issued.
type Change = func(*x509.Certificate)

// NewKey returns an ECDSA key on P-256.
func NewKey() crypto.Signer { return ECKey(elliptic.P256()) }

// ECKey returns an ECDSA key.
func ECKey(curve elliptic.Curve) crypto.Signer { return Must(ecdsa.GenerateKey(curve, rand.Reader)) }

// RSAKey returns an RSA key.
func RSAKey(bits int) crypto.Signer { return Must(rsa.GenerateKey(rand.Reader, bits)) }

// At makes a certificate valid from one hour before a moment until 90 days after
// it. Without it, the moment is now.
func At(moment time.Time) Change {
	return func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = moment.Add(-time.Hour), moment.AddDate(0, 0, 90)
	}
}

// Authority returns a certificate that may issue others. It is self-signed when
// by is nil.
func Authority(name string, by *Party, changes ...Change) Party {
	return Certify(name, NewKey(), by, append([]Change{func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}}, changes...)...)
}

// Certify returns a certificate for digital signatures, without host names. It
// is self-signed when by is nil.
func Certify(name string, key crypto.Signer, by *Party, changes ...Change) Party {
	template := &x509.Certificate{
		SerialNumber: Must(rand.Int(rand.Reader, big.NewInt(1<<60))), Subject: pkix.Name{CommonName: name},
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	At(time.Now())(template)
	for _, change := range changes {
		change(template)
	}
	issuer, issuerKey := template, key
	if by != nil {
		issuer, issuerKey = by.Cert, by.Key
	}
	der := Must(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey))
	return Party{Must(x509.ParseCertificate(der)), key}
}

// Server returns a new key with a certificate for host names and IP addresses,
// issued by p.
func (p Party) Server(names ...string) Party {
	return Certify("Test Server", NewKey(), &p, Hosts(names...))
}

// Hosts makes it the certificate of a server with these names and IP addresses.
func Hosts(names ...string) Change {
	return func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		for _, name := range names {
			if ip, err := netip.ParseAddr(name); err == nil {
				c.IPAddresses = append(c.IPAddresses, ip.AsSlice())
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
	}
}

// TLS returns a certificate for crypto/tls, followed by the certificates above it.
func (p Party) TLS(above ...Party) tls.Certificate {
	chain := [][]byte{p.Cert.Raw}
	for _, a := range above {
		chain = append(chain, a.Cert.Raw)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: p.Key, Leaf: p.Cert}
}

// Pool trusts p.
func (p Party) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.Cert)
	return pool
}

// CertPEM returns the certificate.
func (p Party) CertPEM() []byte { return PEM("CERTIFICATE", p.Cert.Raw) }

// KeyPEM returns the key, PKCS #8.
func (p Party) KeyPEM() []byte { return KeyPEM(p.Key) }

// KeyPEM returns a key, PKCS #8.
func KeyPEM(key crypto.Signer) []byte {
	return PEM("PRIVATE KEY", Must(x509.MarshalPKCS8PrivateKey(key)))
}

// PEM returns one block.
func PEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Must returns v, or panics with err.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
