package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"slices"
	"time"

	tags "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/waymark-mail/waymark/internal/certs"
)

// The object identifiers of RFC 5652, RFC 5754 and RFC 5758, in DER.
var (
	oidData          = oid(1, 2, 840, 113549, 1, 7, 1)
	oidSignedData    = oid(1, 2, 840, 113549, 1, 7, 2)
	oidContentType   = oid(1, 2, 840, 113549, 1, 9, 3)
	oidMessageDigest = oid(1, 2, 840, 113549, 1, 9, 4)
	oidSigningTime   = oid(1, 2, 840, 113549, 1, 9, 5)
	oidSHA256        = oid(2, 16, 840, 1, 101, 3, 4, 2, 1)
	oidRSASHA256     = oid(1, 2, 840, 113549, 1, 1, 11)
	oidECDSASHA256   = oid(1, 2, 840, 10045, 4, 3, 2)
)

func oid(arcs ...int) []byte {
	der, err := asn1.Marshal(asn1.ObjectIdentifier(arcs))
	if err != nil {
		panic(err)
	}
	return der
}

// tag0 is [0], explicit for a content and implicit for certificates and attributes.
var tag0 = tags.Tag(0).ContextSpecific().Constructed()

// version1 is the version of SignedData and of SignerInfo, in DER.
var version1 = []byte{byte(tags.INTEGER), 1, 1}

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
	serial, err := asn1.Marshal(pair.Leaf.SerialNumber)
	if err != nil {
		return nil, err
	}
	certificates := slices.Clone(pair.Leaf.Raw)
	for _, c := range pair.Intermediates {
		certificates = append(certificates, c.Raw...)
	}
	return &envelope{
		key:          pair.Key,
		certificates: value(tag0, certificates),
		signer:       value(tags.SEQUENCE, pair.Leaf.RawIssuer, serial),
		digest:       value(tags.SEQUENCE, oidSHA256), // without parameters
		algorithm:    value(tags.SEQUENCE, algorithm),
	}, nil
}

// sign returns DER of CMS SignedData: ContentInfo of RFC 5652 section 3, with one
// SignerInfo of section 5.3.
func (e *envelope) sign(content []byte, now time.Time) ([]byte, error) {
	attributes := signedAttributes(sha256.Sum256(content), now)
	digest := sha256.Sum256(attributes)
	signature, err := e.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	attributes[0] = byte(tag0) // RFC 5652 section 5.4: the digest is that of a set

	const rest = 1 << 8 // the identifiers and the lengths
	w := newWriter(len(content) + len(e.certificates) + len(e.signer) + len(attributes) + len(signature) + rest)
	end := w.start
	w.put(signature)
	w.wrap(tags.OCTET_STRING, end)
	w.put(version1, e.signer, e.digest, attributes, e.algorithm)
	w.wrap(tags.SEQUENCE, end)
	w.wrap(tags.SET, end)
	w.put(e.certificates)

	inner := w.start
	w.put(content)
	w.wrap(tags.OCTET_STRING, inner)
	w.wrap(tag0, inner)
	w.put(oidData)
	w.wrap(tags.SEQUENCE, inner)

	inner = w.start
	w.put(e.digest)
	w.wrap(tags.SET, inner)
	w.put(version1)
	w.wrap(tags.SEQUENCE, end)
	w.wrap(tag0, end)
	w.put(oidSignedData)
	w.wrap(tags.SEQUENCE, end)
	return w.bytes(), nil
}

// signedAttributes returns the set of signed attributes, in the order of DER: the shorter
// one first.
func signedAttributes(digest [sha256.Size]byte, now time.Time) []byte {
	format, tag := "060102150405Z", tags.UTCTime
	if now = now.UTC(); now.Year() >= 2050 { // RFC 5652 section 11.3
		format, tag = "20060102150405Z", tags.GeneralizedTime
	}
	w := newWriter(1 << 7)
	end := w.start
	w.put(digest[:])
	w.wrap(tags.OCTET_STRING, end)
	w.attribute(oidMessageDigest, end)

	inner := w.start
	var at [len("20060102150405Z")]byte
	w.put(now.AppendFormat(at[:0], format))
	w.wrap(tag, inner)
	w.attribute(oidSigningTime, inner)

	inner = w.start
	w.put(oidData)
	w.attribute(oidContentType, inner)
	w.wrap(tags.SET, end)
	return w.bytes()
}

// value returns a value with its parts.
func value(tag tags.Tag, parts ...[]byte) []byte {
	size := 8 // the tag and the length
	for _, p := range parts {
		size += len(p)
	}
	w := newWriter(size)
	end := w.start
	w.put(parts...)
	w.wrap(tag, end)
	return w.bytes()
}

// writer writes DER from its end to its start: the length of a value is known when its
// turn comes. The builders of cryptobyte, one for each value, took a tenth of the time of a
// signature and 39 allocations (BenchmarkSign).
type writer struct {
	buffer []byte
	start  int // of what is written
}

func newWriter(size int) *writer { return &writer{make([]byte, size), size} }

func (w *writer) bytes() []byte { return w.buffer[w.start:] }

// put writes parts, in their order, before what is written.
func (w *writer) put(parts ...[]byte) {
	for i := len(parts) - 1; i >= 0; i-- { // with slices.Backward, each part escapes to the heap
		w.start -= len(parts[i])
		copy(w.buffer[w.start:], parts[i])
	}
}

// wrap makes one value of everything up to end.
func (w *writer) wrap(tag tags.Tag, end int) {
	n := end - w.start
	if n < 0x80 {
		w.put([]byte{byte(tag), byte(n)}) //nolint:gosec // it fits
		return
	}
	length := 0
	for ; n > 0; n >>= 8 {
		w.put([]byte{byte(n)})
		length++
	}
	w.put([]byte{byte(tag), 0x80 | byte(length)})
}

// attribute makes an attribute with one value of everything up to end.
func (w *writer) attribute(id []byte, end int) {
	w.wrap(tags.SET, end)
	w.put(id)
	w.wrap(tags.SEQUENCE, end)
}
