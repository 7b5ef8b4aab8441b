package pemfile

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxFile bounds what is read: a chain with its key has a few kilobytes.
const maxFile = 1 << 20

// Pair is a private key with its certificate and what leads up from it.
type Pair struct {
	Leaf *x509.Certificate
	// Intermediates lead from the leaf upwards, each issued by the next. A
	// root in the file is not among them: whoever trusts it has it.
	Intermediates []*x509.Certificate
	// MissingIssuer names what issued the leaf when it is not in the file: an
	// intermediate that clients then lack, or a private root. "" when it is.
	MissingIssuer string
	Key           crypto.Signer
}

// Load reads a certificate file (leaf and intermediates, in any order) and a
// key file, which may be the same. The errors name the file, what is wrong and
// what would be right; they never hold key material.
func Load(certFile, keyFile string, now time.Time) (*Pair, error) {
	certPEM, err := read(certFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := read(keyFile)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	certs, err := parseCertificates(certPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	p, err := order(certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	if p.Leaf == nil {
		return nil, fmt.Errorf("%s: the key does not fit any certificate in %s; was only one of the two files renewed?", keyFile, certFile)
	}
	for _, c := range append([]*x509.Certificate{p.Leaf}, p.Intermediates...) {
		switch {
		case now.After(c.NotAfter):
			return nil, fmt.Errorf("%s: the certificate of %s expired on %s; renew it", certFile, NameOf(c), c.NotAfter.UTC().Format(time.DateTime))
		case now.Before(c.NotBefore):
			return nil, fmt.Errorf("%s: the certificate of %s is not valid before %s; is the clock right?", certFile, NameOf(c), c.NotBefore.UTC().Format(time.DateTime))
		}
	}
	return p, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the file and says why
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: is over %d bytes, which no certificate has", path, maxFile)
	}
	return data, nil
}

// parseCertificates returns the certificates of a PEM file in their order.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue // a key in the same file is read as a key
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New(`holds no certificate; PEM is wanted, beginning with "-----BEGIN CERTIFICATE-----"`)
	}
	return all, nil
}

// parseKey returns the first private key of a PEM file.
func parseKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, errors.New("the key is encrypted; decrypt it with openssl pkey -in FILE -out FILE.plain and protect the file by its permissions")
		}
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue
		}
		if err != nil {
			// What the parser says may hold bytes of the key.
			return nil, errors.New("the key cannot be read; is the file whole?")
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("the key is of a kind that cannot sign")
		}
		return signer, nil
	}
	return nil, errors.New(`holds no private key; PEM is wanted, beginning with "-----BEGIN PRIVATE KEY-----"`)
}

// order finds the certificate that fits the key and puts the others behind it,
// each issued by the next. Leaf is nil when none fits.
func order(certs []*x509.Certificate, key crypto.Signer) (*Pair, error) {
	p := &Pair{Key: key}
	var others []*x509.Certificate
	for _, c := range certs {
		if p.Leaf == nil && fits(c, key) {
			p.Leaf = c
		} else if p.Leaf == nil || !c.Equal(p.Leaf) {
			others = append(others, c)
		}
	}
	if p.Leaf == nil {
		return p, nil
	}
	for last := p.Leaf; !selfSigned(last); {
		issuer := issuerOf(last, others)
		if issuer == nil {
			if last == p.Leaf {
				p.MissingIssuer = nameOfIssuer(last)
			}
			break // what issued an intermediate may well be a root, which is left out
		}
		others = without(others, issuer)
		if selfSigned(issuer) {
			break
		}
		p.Intermediates = append(p.Intermediates, issuer)
		last = issuer
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("the certificate of %s does not belong to the chain of %s; remove it, or add what lies between", NameOf(others[0]), NameOf(p.Leaf))
	}
	return p, nil
}

func fits(c *x509.Certificate, key crypto.Signer) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

func selfSigned(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// issuerOf returns the certificate that signed c; nil when none did.
func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, candidate := range among {
		if string(candidate.RawSubject) == string(c.RawIssuer) && c.CheckSignatureFrom(candidate) == nil {
			return candidate
		}
	}
	return nil
}

func without(certs []*x509.Certificate, gone *x509.Certificate) []*x509.Certificate {
	var rest []*x509.Certificate
	for _, c := range certs {
		if !c.Equal(gone) {
			rest = append(rest, c)
		}
	}
	return rest
}

// SelfSigned reports whether the leaf signed itself.
func (p *Pair) SelfSigned() bool { return selfSigned(p.Leaf) }

// NotAfter returns when the first certificate of the chain expires.
func (p *Pair) NotAfter() time.Time {
	first := p.Leaf.NotAfter
	for _, c := range p.Intermediates {
		if c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return first
}

// NameOf returns what people call a certificate.
func NameOf(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return `"` + c.Subject.CommonName + `"`
	case len(c.DNSNames) > 0:
		return `"` + c.DNSNames[0] + `"`
	}
	return `"` + c.Subject.String() + `"`
}

func nameOfIssuer(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return `"` + c.Issuer.CommonName + `"`
	}
	return `"` + c.Issuer.String() + `"`
}
