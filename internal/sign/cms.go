package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tags "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/waymark-mail/waymark/internal/certs"
)

// The object identifiers of RFC 5652, RFC 5754 and RFC 5758.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSASHA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// tag0 is [0], explicit for a content and implicit for certificates and attributes.
var tag0 = tags.Tag(0).ContextSpecific().Constructed()

// envelope is what all signatures of an identity share, in DER. smallstep/pkcs7 encodes
// it by reflection for each signature, which takes as long as the signature of a P-256
// key (BenchmarkSign).
type envelope struct {
	key          crypto.Signer
	certificates []byte // the leaf and the intermediates
	signer       []byte // the issuer and the serial number of the leaf
	digest       []byte // the identifier of SHA-256
	algorithm    []byte // that of the signature
}

// envelopeOf returns the envelope for an RSA or ECDSA key.
func envelopeOf(pair *certs.Pair) (*envelope, error) {
	algorithm := oidRSASHA256
	if _, ok := pair.Key.Public().(*ecdsa.PublicKey); ok {
		algorithm = oidECDSASHA256
	}
	e := &envelope{key: pair.Key}
	e.certificates = slices.Clone(pair.Leaf.Raw)
	for _, c := range pair.Intermediates {
		e.certificates = append(e.certificates, c.Raw...)
	}
	var err error
	e.signer, err = der(func(b *cryptobyte.Builder) {
		b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(pair.Leaf.RawIssuer)
			b.AddASN1BigInt(pair.Leaf.SerialNumber)
		})
	})
	if err != nil {
		return nil, err
	}
	if e.digest, err = der(identifier(oidSHA256)); err != nil {
		return nil, err
	}
	e.algorithm, err = der(identifier(algorithm))
	return e, err
}

func der(add func(*cryptobyte.Builder)) ([]byte, error) {
	b := &cryptobyte.Builder{}
	add(b)
	return b.Bytes()
}

// identifier adds an algorithm without parameters.
func identifier(id asn1.ObjectIdentifier) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(id) })
	}
}

// sign returns DER of CMS SignedData: ContentInfo of RFC 5652 section 3, with one
// SignerInfo of section 5.3.
func (e *envelope) sign(content []byte, now time.Time) ([]byte, error) {
	attributes, err := signedAttributes(sha256.Sum256(content), now)
	if err != nil {
		return nil, err
	}
	set, err := der(func(b *cryptobyte.Builder) {
		b.AddASN1(tags.SET, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
	})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(set)
	signature, err := e.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	const rest = 1 << 10 // the lengths, the signer and the signature
	b := cryptobyte.NewBuilder(make([]byte, 0, len(content)+len(e.certificates)+rest))
	b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(tags.SET, func(b *cryptobyte.Builder) { b.AddBytes(e.digest) })
				b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidData)
					b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
				})
				b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(e.certificates) })
				b.AddASN1(tags.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						b.AddBytes(e.signer)
						b.AddBytes(e.digest)
						b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
						b.AddBytes(e.algorithm)
						b.AddASN1OctetString(signature)
					})
				})
			})
		})
	})
	return b.Bytes()
}

// signedAttributes returns the content of the set of signed attributes, in the order of
// DER: the shorter one first.
func signedAttributes(digest [sha256.Size]byte, now time.Time) ([]byte, error) {
	now = now.UTC()
	return der(func(b *cryptobyte.Builder) {
		attribute(b, oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
		attribute(b, oidSigningTime, func(b *cryptobyte.Builder) {
			if now.Year() < 2050 { // RFC 5652 section 11.3
				b.AddASN1UTCTime(now)
			} else {
				b.AddASN1GeneralizedTime(now)
			}
		})
		attribute(b, oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) })
	})
}

func attribute(b *cryptobyte.Builder, id asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) {
	b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(tags.SET, value)
	})
}
