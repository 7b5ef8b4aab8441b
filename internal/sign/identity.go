package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-mail/waymark/internal/certs"
)

const minRSABits = 2048

// expiresSoon is how long before its expiry an identity should have been renewed. Of a
// short lifetime it is the last third, in which certificates from ACME are renewed.
const expiresSoon = 14 * 24 * time.Hour

// Identity signs profiles. It is immutable and safe for concurrent use.
type Identity struct {
	pair     *certs.Pair
	envelope *envelope
	warnings []string
}

// Load reads an identity: a certificate file with the leaf and its
// intermediates, and a key file, which may be the same. The TLS certificate of
// a web server is suitable. Errors name the file, what is wrong and what would
// be right. The identity has signed a test message that an independent
// implementation verified. It may have expired, or not be valid yet: see Valid.
func Load(certFile, keyFile string) (*Identity, error) { return load(certFile, keyFile, prove) }

// load is Load, with what makes the identity of the pair.
func load(certFile, keyFile string, identityOf func(*certs.Pair) (*Identity, error)) (*Identity, error) {
	pair, err := certs.ReadPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	id, err := identityOf(pair)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	return id, nil
}

// FromTLS is Load for a certificate of crypto/tls. Its key may be in a device.
func FromTLS(c *tls.Certificate) (*Identity, error) {
	pair, err := certs.PairOf(c)
	if err != nil {
		return nil, err
	}
	return prove(pair)
}

// prove returns an identity that has signed a sample, besides what unproved checks.
func prove(pair *certs.Pair) (*Identity, error) {
	id, err := unproved(pair)
	if err != nil {
		return nil, err
	}
	if err := id.selfTest(); err != nil {
		return nil, err
	}
	return id, nil
}

// unproved returns an identity after checking that its pair is of a kind that signs, and
// that its chain leads to the last certificate.
func unproved(pair *certs.Pair) (*Identity, error) {
	if pair.MissingIssuer != "" {
		return nil, fmt.Errorf("the certificate of %s, the issuer of %s, is missing; append it to the file, or devices cannot verify profiles",
			pair.MissingIssuer, certs.NameOf(pair.Leaf))
	}
	id := &Identity{pair: pair}
	if err := id.checkKind(); err != nil {
		return nil, err
	}
	if err := id.checkChain(); err != nil {
		return nil, err
	}
	var err error
	if id.envelope, err = envelopeOf(pair); err != nil {
		return nil, err
	}
	id.warn()
	return id, nil
}

// checkChain rejects a chain that no device can follow, as with an intermediate that
// may not issue the leaf. Whether a device trusts its end depends on the device.
func (id *Identity) checkChain() error {
	chain := id.pair.Intermediates
	if len(chain) == 0 {
		return nil // self-signed
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for i, c := range chain {
		if i == len(chain)-1 {
			roots.AddCert(c)
		} else {
			intermediates.AddCert(c)
		}
	}
	_, err := id.pair.Leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates,
		CurrentTime: id.NotAfter(), // Valid checks the time
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("the chain of %s cannot be verified: %w", certs.NameOf(id.pair.Leaf), err)
	}
	return nil
}

// checkKind rejects keys that cannot sign CMS here, or that devices reject.
func (id *Identity) checkKind() error {
	switch key := id.pair.Key.Public().(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return fmt.Errorf("an RSA key of %d bits is too weak; use %d or more", key.N.BitLen(), minRSABits)
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return fmt.Errorf("the curve %s is too weak; use P-256 or P-384", key.Curve.Params().Name)
		}
	case ed25519.PublicKey:
		return errors.New("an Ed25519 key cannot sign profiles; use RSA or ECDSA P-256")
	default:
		return errors.New("a key of this kind cannot sign profiles; use RSA or ECDSA P-256")
	}
	return nil
}

// selfTest signs a sample and verifies it with the other implementation.
func (id *Identity) selfTest() error {
	sample := []byte("waymark")
	signed, err := id.Sign(sample)
	if err != nil {
		return fmt.Errorf("cannot sign a test message: %w", err)
	}
	content, _, err := parseAndVerify(signed)
	if err != nil {
		return fmt.Errorf("a test signature cannot be verified: %w", err)
	}
	if !bytes.Equal(content, sample) {
		return errors.New("a test signature contains other content than was signed")
	}
	return nil
}

func (id *Identity) warn() {
	if _, isECDSA := id.pair.Key.Public().(*ecdsa.PublicKey); isECDSA {
		id.warnings = append(id.warnings, "the key is ECDSA; only RSA is proven on Apple devices")
	}
	if id.pair.SelfSigned() {
		id.warnings = append(id.warnings, "the certificate is self-signed; devices show profiles as not verified unless it is installed on them")
	}
	if w := id.pair.KeyWarning; w != "" {
		id.warnings = append(id.warnings, w)
	}
}

// Valid returns a certs.NotValidError if the identity has expired or is not valid
// yet.
func (id *Identity) Valid(now time.Time) error { return id.pair.Valid(now) }

// SelfSigned reports whether devices show its profiles as not verified.
func (id *Identity) SelfSigned() bool { return id.pair.SelfSigned() }

// Expiring returns a warning if the identity is valid, but should have been renewed;
// else "".
func (id *Identity) Expiring(now time.Time) string {
	leaf := id.pair.Leaf
	soon := min(expiresSoon, leaf.NotAfter.Sub(leaf.NotBefore)/3)
	if id.Valid(now) != nil || id.NotAfter().Sub(now) >= soon {
		return ""
	}
	return fmt.Sprintf("the identity expires on %s; renew it", id.NotAfter().UTC().Format(time.DateOnly))
}

// Warnings returns what an operator should know about the identity, besides its expiry.
func (id *Identity) Warnings() []string { return id.warnings }

// NotAfter returns when the first certificate of the identity expires.
func (id *Identity) NotAfter() time.Time { return id.pair.NotAfter() }

// Leaf returns the certificate whose name devices show.
func (id *Identity) Leaf() *x509.Certificate { return id.pair.Leaf }

// Sign returns DER of CMS SignedData with the content attached, SHA-256, leaf
// and intermediates, and the time of signing.
func (id *Identity) Sign(content []byte) ([]byte, error) {
	return id.envelope.sign(content, time.Now())
}
