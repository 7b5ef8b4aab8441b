package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxFile bounds what is read: a chain with its key has a few kilobytes.
const maxFile = 1 << 20

// ErrExpired is in the error of LoadPair when a certificate has expired.
var ErrExpired = errors.New("expired")

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

// LoadPair reads a certificate file (leaf and intermediates, in any order) and a
// key file, which may be the same. The errors name the file, what is wrong and
// what would be right; they never hold key material.
func LoadPair(certFile, keyFile string, now time.Time) (*Pair, error) {
	certPEM, err := read(certFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := read(keyFile)
	if err != nil {
		return nil, err
	}
	return parse(certFile, certPEM, keyFile, keyPEM, now)
}

func parse(certFile string, certPEM []byte, keyFile string, keyPEM []byte, now time.Time) (*Pair, error) {
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	certs, err := parseCertificates(certPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	leaf := slices.IndexFunc(certs, func(c *x509.Certificate) bool { return fits(c, key) })
	if leaf < 0 {
		return nil, fmt.Errorf("%s: the key does not fit any certificate in %s; was only one of the two files renewed?", keyFile, certFile)
	}
	p, err := order(certs[leaf], certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	for _, c := range append([]*x509.Certificate{p.Leaf}, p.Intermediates...) {
		switch {
		case now.After(c.NotAfter):
			return nil, fmt.Errorf("%s: the certificate of %s %w on %s; renew it", certFile, NameOf(c), ErrExpired, moment(c.NotAfter))
		case now.Before(c.NotBefore):
			return nil, fmt.Errorf("%s: the certificate of %s is not valid before %s; is the clock right?", certFile, NameOf(c), moment(c.NotBefore))
		}
	}
	return p, nil
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

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

// blocks returns the blocks of a PEM file, each of them whole. encoding/pem
// passes over what it cannot read, and so takes a file that is being written
// for a shorter one.
func blocks(data []byte) ([]*pem.Block, error) {
	var all []*pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block)
	}
	begun := 0
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte("-----BEGIN ")) {
			begun++
		}
	}
	if begun > len(all) {
		return nil, fmt.Errorf("%d of %d PEM blocks cannot be read; is the file whole?", begun-len(all), begun)
	}
	return all, nil
}

// parseCertificates returns the certificates of a PEM file in their order.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	all, err := blocks(data)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, block := range all {
		if block.Type != "CERTIFICATE" {
			continue // a key in the same file is read as a key
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New(`holds no certificate; PEM is wanted, beginning with "-----BEGIN CERTIFICATE-----"`)
	}
	return certs, nil
}

// parseKey returns the first private key of a PEM file.
func parseKey(data []byte) (crypto.Signer, error) {
	all, err := blocks(data)
	if err != nil {
		return nil, err
	}
	for _, block := range all {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, errors.New("the key is encrypted; decrypt it with openssl pkey -in FILE -out FILE.plain and protect the file by its permissions")
		}
		var key any
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
			return nil, errors.New("the key cannot be read: it is damaged, or of a kind that is not known here")
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("the key is of a kind that cannot sign")
		}
		return signer, nil
	}
	return nil, errors.New(`holds no private key; PEM is wanted, beginning with "-----BEGIN PRIVATE KEY-----"`)
}

// order puts the certificates behind the leaf, each issued by the next.
func order(leaf *x509.Certificate, certs []*x509.Certificate, key crypto.Signer) (*Pair, error) {
	for _, c := range certs {
		// Nothing verifies what is signed like this. Of a root, which needs no
		// signature, it does not matter.
		if weak(c.SignatureAlgorithm) && (c == leaf || !selfSigned(c)) {
			return nil, fmt.Errorf("the certificate of %s is signed with %s, which is not accepted any more; have it issued anew", NameOf(c), c.SignatureAlgorithm)
		}
	}
	chain := Chain(leaf, certs)
	top := chain[len(chain)-1]
	complete := selfSigned(top)
	for _, c := range certs {
		switch {
		case belongs(c, chain):
		case complete:
			return nil, fmt.Errorf("the certificate of %s does not belong to the chain of %s; remove it", NameOf(c), NameOf(leaf))
		case bytes.Equal(c.RawSubject, top.RawIssuer):
			return nil, fmt.Errorf("the certificate of %s has the name of what issued that of %s, but did not sign it; replace it by the one that did", NameOf(c), NameOf(top))
		case top != leaf:
			return nil, fmt.Errorf("the certificate of %s does not belong to the chain of %s, which ends with %s; remove it, or append that of %s",
				NameOf(c), NameOf(leaf), NameOf(top), nameOfIssuer(top))
		}
	}
	p := &Pair{Leaf: leaf, Intermediates: chain[1:], Key: key}
	switch {
	case complete && top != leaf:
		p.Intermediates = chain[1 : len(chain)-1] // whoever trusts a root has it
	case !complete && top == leaf:
		// What issued an intermediate may well be a root, which is left out.
		p.MissingIssuer = nameOfIssuer(leaf)
	}
	return p, nil
}

// Chain returns a certificate and what leads up from it among others, each
// issued by the next, as far as it goes.
func Chain(leaf *x509.Certificate, among []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for last := leaf; !selfSigned(last); {
		next := slices.IndexFunc(among, func(c *x509.Certificate) bool {
			return issued(c, last) && !slices.ContainsFunc(chain, c.Equal)
		})
		if next < 0 {
			break
		}
		last = among[next]
		chain = append(chain, last)
	}
	return chain
}

// belongs reports whether a certificate is in a chain or could be: a root that
// is also there as an intermediate, issued by an older root.
func belongs(c *x509.Certificate, chain []*x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(link *x509.Certificate) bool { return c.Equal(link) || issued(c, link) })
}

func weak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	default:
		return false
	}
}

func fits(c *x509.Certificate, key crypto.Signer) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// issued reports whether an issuer signed c.
func issued(issuer, c *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(issuer) == nil
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

// NameOf returns what people call a certificate, quoted: what is in it was
// written by others.
func NameOf(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return strconv.Quote(c.Subject.CommonName)
	case len(c.DNSNames) > 0:
		return strconv.Quote(c.DNSNames[0])
	}
	return strconv.Quote(c.Subject.String())
}

func nameOfIssuer(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return strconv.Quote(c.Issuer.CommonName)
	}
	return strconv.Quote(c.Issuer.String())
}
