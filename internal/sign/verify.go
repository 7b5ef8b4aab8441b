package sign

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/fullsailor/pkcs7"

	"github.com/waymark-mail/waymark/internal/certs"
)

// Limits for profiles of unknown origin. Real profiles stay far below them.
const (
	// MaxSigned is the size limit of a signed profile, in bytes.
	MaxSigned       = 1 << 20
	maxDepth        = 32
	maxCertificates = 32
	maxRSABits      = 16384 // the time of a check grows with the square
)

// Report is the result of verifying a profile.
type Report struct {
	Content []byte // what was signed
	Signer  *x509.Certificate
	// Chain holds the quoted name of the signer, then those of the issuing
	// certificates in the profile, from the leaf upwards.
	Chain    []string
	NotAfter time.Time // when the first certificate of the chain expires
	Trusted  error     // nil if the chain ends at a trusted root; else why not
}

// Verify checks a signed profile: DER of CMS SignedData (RFC 5652) with one
// signer, SHA-256 and the content attached. It returns an error if der is
// something else, or if the signature is invalid or unsupported. Without roots
// it uses those of this machine. Hostile input gives an error, never a panic.
func Verify(der []byte, roots *x509.CertPool, now time.Time) (Report, error) {
	content, chain, err := parseAndVerify(der)
	if err != nil {
		return Report{}, err
	}
	ordered := certs.Chain(chain[0], chain[1:])
	r := Report{Content: content, Signer: chain[0], NotAfter: certs.FirstExpiry(ordered)}
	for _, c := range ordered {
		r.Chain = append(r.Chain, certs.NameOf(c))
	}
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	_, r.Trusted = r.Signer.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		// The TLS certificate of a web server may sign profiles, too.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return r, nil
}

// parseAndVerify verifies with fullsailor/pkcs7, which did not create the
// signature, and returns the content and the certificates, the signer's first.
// The library panics on some malformed input and loops on other: hence the
// recover, and isValue before it.
func parseAndVerify(der []byte) (content []byte, certs []*x509.Certificate, err error) {
	switch {
	case len(der) > MaxSigned:
		return nil, nil, fmt.Errorf("larger than %d bytes, the limit for a profile", MaxSigned)
	case bytes.HasPrefix(bytes.TrimSpace(der), []byte("<?xml")):
		return nil, nil, errors.New("not signed: this is a bare property list")
	case !isValue(der):
		return nil, nil, errors.New("not a CMS signature in DER")
	}
	defer func() {
		if recover() != nil {
			content, certs, err = nil, nil, errors.New("not a CMS signature")
		}
	}()
	parsed, err := pkcs7.Parse(der)
	if err != nil {
		return nil, nil, fmt.Errorf("not a CMS signature: %w", err)
	}
	if len(parsed.Certificates) > maxCertificates {
		return nil, nil, fmt.Errorf("contains more than %d certificates, the limit for a profile", maxCertificates)
	}
	for _, c := range parsed.Certificates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
			return nil, nil, fmt.Errorf("contains an RSA key of %d bits; the limit is %d", key.N.BitLen(), maxRSABits)
		}
	}
	signer := parsed.GetOnlySigner()
	if signer == nil {
		return nil, nil, errors.New("must have exactly one signer, with its certificate")
	}
	info := parsed.Signers[0]
	for _, used := range []asn1.ObjectIdentifier{info.DigestAlgorithm.Algorithm, info.DigestEncryptionAlgorithm.Algorithm} {
		if name, ok := algorithm(used); !ok {
			return nil, nil, fmt.Errorf("signed with %s, which is not supported; use SHA-256 with RSA or ECDSA", name)
		}
	}
	if err := parsed.Verify(); err != nil {
		if mismatch := (*pkcs7.MessageDigestMismatchError)(nil); errors.As(err, &mismatch) {
			return nil, nil, errors.New("the content is not what was signed")
		}
		return nil, nil, fmt.Errorf("invalid signature: %w", err)
	}
	certs = []*x509.Certificate{signer}
	for _, c := range parsed.Certificates {
		if !c.Equal(signer) {
			certs = append(certs, c)
		}
	}
	return parsed.Content, certs, nil
}

// isValue reports whether data is exactly one well-formed value in DER. If a
// value reaches beyond the one that contains it, fullsailor/pkcs7 reads a part
// twice; a hundred such bytes, nested, exhaust the memory.
func isValue(data []byte) bool {
	rest, err := asn1.Unmarshal(data, &asn1.RawValue{})
	return err == nil && len(rest) == 0 && wellFormed(data, maxDepth)
}

// wellFormed reports whether data is a sequence of values in DER, nested no
// deeper than depth.
func wellFormed(data []byte, depth int) bool {
	for len(data) > 0 {
		var value asn1.RawValue
		rest, err := asn1.Unmarshal(data, &value)
		if err != nil {
			return false
		}
		if value.IsCompound && (depth == 0 || !wellFormed(value.Bytes, depth-1)) {
			return false
		}
		data = rest
	}
	return true
}

// algorithm names a digest or signature algorithm (RFC 5754), and reports
// whether Verify supports it: SHA-1 can be forged, and of the SHA-2 family
// fullsailor/pkcs7 implements SHA-256 only.
func algorithm(id asn1.ObjectIdentifier) (name string, supported bool) {
	switch id.String() {
	case "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2":
		return "SHA-256", true
	case "1.2.840.113549.1.1.1":
		return "RSA", true // with the digest algorithm of the signer
	case "1.3.14.3.2.26", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1":
		return "SHA-1", false
	case "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3":
		return "SHA-384", false
	case "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4":
		return "SHA-512", false
	default:
		return "the algorithm " + id.String(), false
	}
}
