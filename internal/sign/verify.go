package sign

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/fullsailor/pkcs7"

	"github.com/waymark-mail/waymark/internal/pemfile"
)

// maxSigned bounds what is verified: a profile has some kilobytes.
const maxSigned = 1 << 20

// Report says who signed a profile and whether a device would believe it.
type Report struct {
	Content  []byte            // what was signed
	Signer   *x509.Certificate // whose signature is good
	Chain    []string          // names of the certificates in it, the signer's first
	NotAfter time.Time         // when the first of them expires
	// Trusted is nil when the chain ends at one of the roots now; else it says
	// why not.
	Trusted error
}

// Verify checks a signed profile (DER). The error says that it is none, or
// that its signature is not good. roots nil means those of this machine.
// Hostile input gives an error, never a panic.
func Verify(der []byte, roots *x509.CertPool, now time.Time) (Report, error) {
	content, certs, err := parseAndVerify(der)
	if err != nil {
		return Report{}, err
	}
	r := Report{Content: content, Signer: certs[0], NotAfter: certs[0].NotAfter}
	intermediates := x509.NewCertPool()
	for _, c := range certs {
		r.Chain = append(r.Chain, pemfile.NameOf(c))
		if c.NotAfter.Before(r.NotAfter) {
			r.NotAfter = c.NotAfter
		}
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
// library panics on malformed input.
func parseAndVerify(der []byte) (content []byte, certs []*x509.Certificate, err error) {
	switch {
	case len(der) > maxSigned:
		return nil, nil, fmt.Errorf("is over %d bytes, which no profile has", maxSigned)
	case bytes.HasPrefix(bytes.TrimSpace(der), []byte("<?xml")):
		return nil, nil, errors.New("is not signed: it is the bare property list")
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
	signer := parsed.GetOnlySigner()
	if signer == nil {
		return nil, nil, errors.New("does not have exactly one signer with its certificate")
	}
	if err := parsed.Verify(); err != nil {
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
