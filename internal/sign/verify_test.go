package sign

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/test/certtest"
)

func TestVerifyReports(t *testing.T) {
	root, stranger := authority("Root", nil), authority("Stranger", nil)
	middle := authority("Middle", &root, func(c *x509.Certificate) { c.NotAfter = aMoment().AddDate(0, 0, 5) })
	leaf := certify("signer\x1b[2J", certtest.NewKey(), &middle)
	roots := func(of ...certtest.Party) *x509.CertPool {
		pool := x509.NewCertPool()
		for _, p := range of {
			pool.AddCert(p.Cert)
		}
		return pool
	}
	whole := must(identity(t, leaf, middle).Sign(profile))
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageEmailProtection} {
		limited := certify("limited", certtest.NewKey(), &root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{usage} })
		r, err := Verify(must(identity(t, limited, root).Sign(profile)), roots(root), aMoment())
		if err != nil || r.Trusted != nil {
			t.Errorf("a certificate for the use %d alone: trusted %v, error %v", usage, r.Trusted, err)
		}
	}
	for _, tt := range []struct {
		name    string
		signed  []byte
		roots   *x509.CertPool
		now     time.Time
		chain   []string
		trusted string // the beginning of the reason why not
	}{
		{"trusted", whole, roots(root), aMoment(), []string{`"signer\x1b[2J"`, `"Middle"`}, ""},
		{"the root of another", whole, roots(stranger), aMoment(), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority"},
		{"no roots", whole, roots(), aMoment(), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority"},
		{"expired", whole, roots(root), aMoment().AddDate(1, 0, 0), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate has expired or is not yet valid"},
		{
			"a certificate that has no part in it",
			signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, stranger.Cert, middle.Cert), roots(stranger), aMoment(),
			[]string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority",
		},
		{
			"the intermediate is missing",
			signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256), roots(root), aMoment(),
			[]string{`"signer\x1b[2J"`}, "x509: certificate signed by unknown authority",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Verify(tt.signed, tt.roots, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Content, profile) || !r.Signer.Equal(leaf.Cert) {
				t.Errorf("content or signer of another: %s", r.Signer.Subject)
			}
			if !slices.Equal(r.Chain, tt.chain) {
				t.Errorf("chain %v, want %v", r.Chain, tt.chain)
			}
			first := leaf.Cert.NotAfter
			if len(tt.chain) > 1 {
				first = middle.Cert.NotAfter
			}
			if !r.NotAfter.Equal(first) {
				t.Errorf("expires %s, want %s", r.NotAfter, first)
			}
			switch {
			case tt.trusted == "" && r.Trusted != nil:
				t.Error(r.Trusted)
			case tt.trusted != "" && (r.Trusted == nil || !strings.HasPrefix(r.Trusted.Error(), tt.trusted)):
				t.Errorf("trusted: %v, want %s", r.Trusted, tt.trusted)
			}
		})
	}
}

// signedBy signs as an Identity would not.
func signedBy(t testing.TB, p certtest.Party, digest asn1.ObjectIdentifier, others ...*x509.Certificate) []byte {
	t.Helper()
	return finish(t, p, digest, func(data *pkcs7.SignedData) {
		for _, c := range others {
			data.AddCertificate(c)
		}
	})
}

func finish(t testing.TB, p certtest.Party, digest asn1.ObjectIdentifier, change func(*pkcs7.SignedData)) []byte {
	t.Helper()
	data := must(pkcs7.NewSignedData(profile))
	data.SetDigestAlgorithm(digest)
	if err := data.AddSigner(p.Cert, p.Key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	change(data)
	return must(data.Finish())
}

// twice nests values that reach beyond the one they are in: of each level, the
// rest is read twice.
func twice(levels int) []byte {
	der := []byte{4, 0}
	for range levels {
		der = append([]byte{0x30, 2, 0x30, byte(len(der))}, der...)
	}
	return der
}

func TestVerifyErrors(t *testing.T) {
	leaf := certify("signer", certtest.NewKey(), nil)
	rsaLeaf := certify("signer", rsaKey(2048), nil)
	good := must(identity(t, leaf).Sign(profile))
	huge := certify("huge", publicOnly{&rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 20000), big.NewInt(1)), E: 65537}, leaf.Key}, &leaf)
	var crowd []*x509.Certificate
	for range maxCertificates {
		crowd = append(crowd, leaf.Cert)
	}
	deep := []byte{4, 0}
	for range maxDepth + 2 {
		deep = must(asn1.Marshal(asn1.RawValue{Tag: 16, IsCompound: true, Bytes: deep}))
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want string
	}{
		{"nothing", nil, "is no CMS signature in DER"},
		{"one byte", []byte{0x30}, "is no CMS signature in DER"},
		{"text", []byte("hello"), "is no CMS signature in DER"},
		{"an unsigned profile", profile, "is not signed: it is the bare property list"},
		{"too long", make([]byte, MaxSigned+1), "is over 1048576 bytes, which no profile has"},
		{"cut short", good[:len(good)-1], "is no CMS signature in DER"},
		{"more than the signature", append(bytes.Clone(good), good...), "is no CMS signature in DER"},
		{"of indefinite length", append(append([]byte{0x30, 0x80}, good...), 0, 0), "is no CMS signature in DER"},
		{"nested for ever", bytes.Repeat([]byte{0x30, 0x80}, MaxSigned/2), "is no CMS signature in DER"},
		{"nested too deep", deep, "is no CMS signature in DER"},
		{"nested beyond its bounds", twice(30), "is no CMS signature in DER"},
		{"another kind of CMS", must(pkcs7.Encrypt(profile, []*x509.Certificate{rsaLeaf.Cert})), "does not have exactly one signer with its certificate"},
		{"certificates alone", must(pkcs7.DegenerateCertificate(leaf.Cert.Raw)), "does not have exactly one signer with its certificate"},
		{"two signers", finish(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, func(d *pkcs7.SignedData) {
			must(0, d.AddSigner(rsaLeaf.Cert, rsaLeaf.Key, pkcs7.SignerInfoConfig{}))
		}), "does not have exactly one signer with its certificate"},
		{"many certificates", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, crowd...), "holds over 32 certificates, which no profile has"},
		{"a huge key", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, huge.Cert), "holds an RSA key of 20000 bits, which nobody has"},
		{"SHA-1", signedBy(t, rsaLeaf, pkcs7.OIDDigestAlgorithmSHA1), "is signed with SHA-1, which cannot be checked here; SHA-256 with RSA or ECDSA can"},
		{"SHA-384", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA384), "is signed with SHA-384, which cannot be checked here; SHA-256 with RSA or ECDSA can"},
		{"SHA-512", signedBy(t, rsaLeaf, pkcs7.OIDDigestAlgorithmSHA512), "is signed with SHA-512, which cannot be checked here; SHA-256 with RSA or ECDSA can"},
		{"another algorithm", bytes.ReplaceAll(good, must(asn1.Marshal(pkcs7.OIDDigestAlgorithmECDSASHA256)), must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 9}))), "is signed with the algorithm 1.2.840.10045.4.3.9, which cannot be checked here; SHA-256 with RSA or ECDSA can"},
		{"the content changed", bytes.Replace(good, []byte("a profile"), []byte("A profile"), 1), "holds other content than was signed"},
		{"the content apart", finish(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, (*pkcs7.SignedData).Detach), "holds other content than was signed"},
		{"the signature changed", flip(good, len(good)-1), "has a signature that is not good: x509: ECDSA verification failure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Verify(tt.der, nil, aMoment())
			if err == nil {
				t.Fatalf("no error: %+v", r)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// publicOnly puts a key that cannot sign into a certificate.
type publicOnly struct {
	public crypto.PublicKey
	crypto.Signer
}

func (p publicOnly) Public() crypto.PublicKey { return p.public }

func flip(der []byte, at int) []byte {
	der = bytes.Clone(der)
	der[at] ^= 1
	return der
}

// TestNoByteCanBeChanged flips every byte of a signed profile: either the
// signature is found bad, or the change is in something that is not signed, and
// signer and content are the same.
func TestNoByteCanBeChanged(t *testing.T) {
	root := authority("Root", nil)
	leaf := certify("signer", ecKey(elliptic.P256()), &root)
	content := []byte("a profile")
	signed := must(identity(t, leaf, root).Sign(content))
	roots := x509.NewCertPool()
	roots.AddCert(root.Cert)
	if r, err := Verify(signed, roots, aMoment()); err != nil || r.Trusted != nil {
		t.Fatal(err, r.Trusted)
	}
	contentAt, certAt := bytes.Index(signed, content), bytes.Index(signed, leaf.Cert.RawTBSCertificate)
	for i := range signed {
		r, err := Verify(flip(signed, i), roots, aMoment())
		good := err == nil && r.Trusted == nil
		if good && (!bytes.Equal(r.Content, content) || !r.Signer.Equal(leaf.Cert)) {
			t.Errorf("byte %d: accepted with content %q by %s", i, r.Content, r.Signer.Subject)
		}
		inContent := i >= contentAt && i < contentAt+len(content)
		inCert := i >= certAt && i < certAt+len(leaf.Cert.RawTBSCertificate)
		if good && (inContent || inCert) {
			t.Errorf("byte %d, in the content or the certificate: accepted", i)
		}
	}
}

// sample is what was signed in testdata, in the beginning.
var sample = []byte("<plist version=\"1.0\"><dict/></plist>\n")

// samples returns signed profiles of the past, and the root of both.
func samples(t testing.TB) (signed [][]byte, roots *x509.CertPool) {
	t.Helper()
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(must(os.ReadFile("testdata/root.pem"))) {
		t.Fatal("no root")
	}
	return [][]byte{must(os.ReadFile("testdata/rsa.der")), must(os.ReadFile("testdata/ecdsa.der"))}, roots
}

// whenSampled is while the certificates of the samples are valid.
var whenSampled = time.Date(2026, 11, 5, 14, 30, 15, 0, time.UTC)

func TestOldSignaturesStayGood(t *testing.T) {
	signed, roots := samples(t)
	for _, der := range signed {
		r, err := Verify(der, roots, whenSampled)
		if err != nil || r.Trusted != nil || !bytes.Equal(r.Content, sample) {
			t.Errorf("content %q, trusted %v, error %v", r.Content, r.Trusted, err)
		}
		if want := []string{`"Sample Signer"`, `"Sample Intermediate"`}; !slices.Equal(r.Chain, want) {
			t.Errorf("chain %v, want %v", r.Chain, want)
		}
	}
}

// FuzzVerify: nothing that comes in panics, and all that is found good and
// trusted is what was signed. The seeds are files, because each process of a
// fuzz run must have the same.
func FuzzVerify(f *testing.F) {
	signed, roots := samples(f)
	for _, der := range signed {
		f.Add(der)
		f.Add(der[:len(der)/2])
		f.Add(flip(der, len(der)-1))
	}
	f.Add([]byte{0x30})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add(twice(30))
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := Verify(der, roots, whenSampled)
		if err != nil {
			return
		}
		if r.Signer == nil || len(r.Chain) == 0 {
			t.Error("a report without signer")
		}
		if r.Trusted == nil && !bytes.Equal(r.Content, sample) {
			t.Errorf("found good and trusted: %q", r.Content)
		}
	})
}
