package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/files"
)

// maxFile is in bytes; a chain with its key has a few kilobytes.
const maxFile = 1 << 20

// NotValidError reports that a certificate has expired or is not valid yet.
type NotValidError string

func (e NotValidError) Error() string { return string(e) }

// Pair is a private key with its certificate and the intermediates.
type Pair struct {
	Leaf *x509.Certificate
	// Intermediates lead from the leaf upwards, each issued by the next. They
	// do not include a root of the file: whoever trusts it has it.
	Intermediates []*x509.Certificate
	// MissingIssuer is the quoted name of the issuer of the leaf if the file
	// lacks it: an intermediate, or a private root. Else it is empty.
	MissingIssuer string
	Key           crypto.Signer
	// KeyWarning says that every user of this machine can read the file of the key.
	// Else it is empty.
	KeyWarning string

	certFile   string // "" for none
	selfSigned bool
}

// LoadPair is ReadPair for a pair that must be valid now.
func LoadPair(certFile, keyFile string, now time.Time) (*Pair, error) {
	p, err := ReadPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return p, p.Valid(now)
}

// ReadPair reads a certificate file (leaf and intermediates, in any order) and a
// key file, which may be the same. Errors name the file, what is wrong and what
// would be right; they never contain key material.
func ReadPair(certFile, keyFile string) (*Pair, error) {
	certPEM, err := read(certFile)
	keyPEM := certPEM
	if keyFile != certFile {
		var keyErr error
		keyPEM, keyErr = read(keyFile)
		err = errors.Join(err, keyErr)
	}
	if err != nil {
		return nil, err
	}
	p, err := parse(certFile, certPEM, keyFile, keyPEM)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(keyFile); err == nil && info.Mode().Perm()&0o004 != 0 {
		p.KeyWarning = keyFile + " is readable by every user of this machine; run chmod o-r on it"
	}
	return p, nil
}

// ParsePair is ReadPair for a certificate and a key that are in no file.
func ParsePair(certPEM, keyPEM []byte) (*Pair, error) {
	return parse("certificate", certPEM, "key", keyPEM)
}

// PairOf is ReadPair for a certificate of crypto/tls, the leaf first. Its key may be in
// a device.
func PairOf(c *tls.Certificate) (*Pair, error) {
	key, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key is of a kind that cannot sign")
	}
	var all []*x509.Certificate
	for _, der := range c.Certificate {
		one, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
	if len(all) == 0 || !fits(all[0], key) {
		return nil, errors.New("the key does not match the certificate")
	}
	return order(all[0], all, key)
}

func parse(certFile string, certPEM []byte, keyFile string, keyPEM []byte) (*Pair, error) {
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
		return nil, fmt.Errorf("%s: the key does not match any certificate in %s; was only one of the two files renewed?", keyFile, certFile)
	}
	p, err := order(certs[leaf], certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	p.certFile = certFile
	return p, nil
}

// Valid returns a NotValidError if a certificate of the pair has expired or is not
// valid yet.
func (p *Pair) Valid(now time.Time) error {
	for _, c := range append([]*x509.Certificate{p.Leaf}, p.Intermediates...) {
		switch {
		case now.After(c.NotAfter):
			return NotValidError(fmt.Sprintf("%sthe certificate of %s expired on %s; renew it", p.prefix(), NameOf(c), moment(c.NotAfter)))
		case now.Before(c.NotBefore):
			return NotValidError(fmt.Sprintf("%sthe certificate of %s is not valid before %s; is the clock right?", p.prefix(), NameOf(c), moment(c.NotBefore)))
		}
	}
	return nil
}

// prefix is the file in front of a message; "" for a pair that is in none.
func (p *Pair) prefix() string {
	if p.certFile == "" {
		return ""
	}
	return p.certFile + ": "
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func read(path string) ([]byte, error) {
	data, err := files.Read(path, maxFile)
	if errors.As(err, new(files.TooLargeError)) {
		return nil, fmt.Errorf("%s: larger than %d bytes, the limit for a certificate file", path, maxFile)
	}
	return data, err // which names the file
}

// blocks returns the blocks of a PEM file. encoding/pem skips what it cannot
// read, so a file that is being written would look like a shorter one.
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
		return nil, fmt.Errorf("%d of %d PEM blocks cannot be read; is the file complete?", begun-len(all), begun)
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
			continue // parseKey reads a key in the same file
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New(`contains no certificate; expected PEM that begins with "-----BEGIN CERTIFICATE-----"`)
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
			// The parser's error may contain bytes of the key.
			return nil, errors.New("the key cannot be read: it is damaged or of an unsupported kind")
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("the key is of a kind that cannot sign")
		}
		return signer, nil
	}
	return nil, errors.New(`contains no private key; expected PEM that begins with "-----BEGIN PRIVATE KEY-----"`)
}

// order sorts the certificates behind the leaf, each issued by the next.
func order(leaf *x509.Certificate, certs []*x509.Certificate, key crypto.Signer) (*Pair, error) {
	for _, c := range certs {
		// No client accepts such a signature. The one of a root does not matter.
		if weak(c.SignatureAlgorithm) && (c == leaf || !selfSigned(c)) {
			return nil, fmt.Errorf("the certificate of %s is signed with %s, which is no longer accepted; renew it", NameOf(c), c.SignatureAlgorithm)
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
			return nil, fmt.Errorf("the certificate of %s has the name of the issuer of %s, but did not sign it; replace it with the one that did", NameOf(c), NameOf(top))
		case top != leaf:
			return nil, fmt.Errorf("the certificate of %s does not belong to the chain of %s, which ends with %s; remove it, or append the certificate of %s",
				NameOf(c), NameOf(leaf), NameOf(top), nameOfIssuer(top))
		}
	}
	p := &Pair{Leaf: leaf, Intermediates: chain[1:], Key: key, selfSigned: complete && top == leaf}
	switch {
	case complete && top != leaf:
		p.Intermediates = chain[1 : len(chain)-1] // whoever trusts the root has it
	case !complete && top == leaf:
		// The issuer of an intermediate may be a root, which is left out.
		p.MissingIssuer = nameOfIssuer(leaf)
	}
	return p, nil
}

// Chain returns leaf followed by its issuers among others, each issued by the
// next, as far as they are there.
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

// belongs reports whether a certificate is in a chain or could be: a root may
// also be present as an intermediate that an older root issued.
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
func (p *Pair) SelfSigned() bool { return p.selfSigned }

// NotAfter returns when the first certificate of the pair expires.
func (p *Pair) NotAfter() time.Time {
	return FirstExpiry(append([]*x509.Certificate{p.Leaf}, p.Intermediates...))
}

// FirstExpiry returns when the first certificate of a chain expires.
func FirstExpiry(chain []*x509.Certificate) time.Time {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// NameOf returns the name of a certificate for messages. It is quoted, because
// others wrote it.
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
