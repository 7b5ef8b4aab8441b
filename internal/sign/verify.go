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

// What is verified is bounded, because it may come from anybody. Real profiles
// stay far below.
const (
	// MaxSigned is how many bytes a signed profile may have.
	MaxSigned       = 1 << 20
	maxDepth        = 32
	maxCertificates = 32
	maxRSABits      = 16384 // the time that a check takes grows with the square
)

// Report says who signed a profile and whether a device would believe it.
type Report struct {
	Content []byte            // what was signed
	Signer  *x509.Certificate // whose signature is good
	// Chain holds quoted names: the signer's, then those of the certificates
	// in the profile that lead up from it, each having issued the one before.
	Chain    []string
	NotAfter time.Time // when the first of the chain expires
	// Trusted is nil when the chain ends at one of the roots now; else it says
	// why not.
	Trusted error
}

// Verify checks a signed profile: DER of CMS SignedData (RFC 5652) with one
// signer, SHA-256 and the content attached. The error says that it is none, or
// that its signature is not good or cannot be checked. roots nil means those of
// this machine. Hostile input gives an error, never a panic.
func Verify(der []byte, roots *x509.CertPool, now time.Time) (Report, error) {
	content, chain, err := parseAndVerify(der)
	if err != nil {
		return Report{}, err
	}
	r := Report{Content: content, Signer: chain[0], NotAfter: chain[0].NotAfter}
	for _, c := range certs.Chain(chain[0], chain[1:]) {
		r.Chain = append(r.Chain, certs.NameOf(c))
		if c.NotAfter.Before(r.NotAfter) {
			r.NotAfter = c.NotAfter
		}
	}
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	_, r.Trusted = r.Signer.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		// A certificate of a web server signs profiles as well as any.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return r, nil
}

// parseAndVerify has fullsailor/pkcs7, which did not make the signature, look
// at it, and returns the content and the certificates, the signer's first. The
// library panics on malformed input, and reads some of it for ever: hence the
// recover, and the check of the form before.
func parseAndVerify(der []byte) (content []byte, certs []*x509.Certificate, err error) {
	switch {
	case len(der) > MaxSigned:
		return nil, nil, fmt.Errorf("is over %d bytes, which no profile has", MaxSigned)
	case bytes.HasPrefix(bytes.TrimSpace(der), []byte("<?xml")):
		return nil, nil, errors.New("is not signed: it is the bare property list")
	case !isValue(der):
		return nil, nil, errors.New("is no CMS signature in DER")
	}
	defer func() {
		if recover() != nil {
			content, certs, err = nil, nil, errors.New("is no CMS signature")
		}
	}()
	parsed, err := pkcs7.Parse(der)
	if err != nil {
		return nil, nil, fmt.Errorf("is no CMS signature: %w", err)
	}
	if len(parsed.Certificates) > maxCertificates {
		return nil, nil, fmt.Errorf("holds over %d certificates, which no profile has", maxCertificates)
	}
	for _, c := range parsed.Certificates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
			return nil, nil, fmt.Errorf("holds an RSA key of %d bits, which nobody has", key.N.BitLen())
		}
	}
	signer := parsed.GetOnlySigner()
	if signer == nil {
		return nil, nil, errors.New("does not have exactly one signer with its certificate")
	}
	info := parsed.Signers[0]
	for _, used := range []asn1.ObjectIdentifier{info.DigestAlgorithm.Algorithm, info.DigestEncryptionAlgorithm.Algorithm} {
		if name, ok := algorithm(used); !ok {
			return nil, nil, fmt.Errorf("is signed with %s, which cannot be checked here; SHA-256 with RSA or ECDSA can", name)
		}
	}
	if err := parsed.Verify(); err != nil {
		if mismatch := (*pkcs7.MessageDigestMismatchError)(nil); errors.As(err, &mismatch) {
			return nil, nil, errors.New("holds other content than was signed")
		}
		return nil, nil, fmt.Errorf("has a signature that is not good: %w", err)
	}
	certs = []*x509.Certificate{signer}
	for _, c := range parsed.Certificates {
		if !c.Equal(signer) {
			certs = append(certs, c)
		}
	}
	return parsed.Content, certs, nil
}

// isValue reports whether data is one value in DER and nothing after it. Of
// values that reach beyond the one they are in, fullsailor/pkcs7 reads a part
// twice, and a hundred bytes of them nested take all memory.
func isValue(data []byte) bool {
	rest, err := asn1.Unmarshal(data, &asn1.RawValue{})
	return err == nil && len(rest) == 0 && wellFormed(data, maxDepth)
}

// wellFormed reports whether data is a row of values in DER, those in them
// likewise, and none deeper than depth.
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
// whether signatures with it are checked: SHA-1 can be forged, and of the
// others fullsailor/pkcs7 knows SHA-256 alone.
func algorithm(id asn1.ObjectIdentifier) (name string, checked bool) {
	switch id.String() {
	case "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2":
		return "SHA-256", true
	case "1.2.840.113549.1.1.1":
		return "RSA", true // with the digest that is named beside it
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
