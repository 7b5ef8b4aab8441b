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
	root, stranger := certtest.Authority("Root", nil), certtest.Authority("Stranger", nil)
	middle := certtest.Authority("Middle", &root, func(c *x509.Certificate) { c.NotAfter = testTime().AddDate(0, 0, 5) })
	leaf := certtest.Certify("signer\x1b[2J", certtest.NewKey(), &middle)
	whole := certtest.Must(identity(t, leaf, middle).Sign(profile))
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageEmailProtection} {
		limited := certtest.Certify("limited", certtest.NewKey(), &root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{usage} })
		r, err := Verify(certtest.Must(identity(t, limited, root).Sign(profile)), root.Pool(), testTime())
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
		trusted string // prefix of the error; "" for trusted
	}{
		{"trusted", whole, root.Pool(), testTime(), []string{`"signer\x1b[2J"`, `"Middle"`}, ""},
		{"another root", whole, stranger.Pool(), testTime(), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority"},
		{"no roots", whole, x509.NewCertPool(), testTime(), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority"},
		{"expired", whole, root.Pool(), testTime().AddDate(1, 0, 0), []string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate has expired or is not yet valid"},
		{
			"an unrelated certificate",
			signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, stranger.Cert, middle.Cert), stranger.Pool(), testTime(),
			[]string{`"signer\x1b[2J"`, `"Middle"`}, "x509: certificate signed by unknown authority",
		},
		{
			"the intermediate is missing",
			signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256), root.Pool(), testTime(),
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

// signedBy signs with any digest and any further certificates.
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
	data := certtest.Must(pkcs7.NewSignedData(profile))
	data.SetDigestAlgorithm(digest)
	if err := data.AddSigner(p.Cert, p.Key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	change(data)
	return certtest.Must(data.Finish())
}

// overlapping nests values that reach beyond the one that contains them, so that
// a careless parser reads the rest of each level twice.
func overlapping(levels int) []byte {
	der := []byte{4, 0}
	for range levels {
		der = append([]byte{0x30, 2, 0x30, byte(len(der))}, der...)
	}
	return der
}

func TestVerifyErrors(t *testing.T) {
	leaf := certtest.Certify("signer", certtest.NewKey(), nil)
	rsaLeaf := certtest.Certify("signer", certtest.RSAKey(2048), nil)
	good := certtest.Must(identity(t, leaf).Sign(profile))
	huge := certtest.Certify("huge", publicOnly{&rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 20000), big.NewInt(1)), E: 65537}, leaf.Key}, &leaf)
	var crowd []*x509.Certificate
	for range maxCertificates {
		crowd = append(crowd, leaf.Cert)
	}
	deep := []byte{4, 0}
	for range maxDepth + 2 {
		deep = certtest.Must(asn1.Marshal(asn1.RawValue{Tag: 16, IsCompound: true, Bytes: deep}))
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want string
	}{
		{"nothing", nil, "not a CMS signature in DER"},
		{"one byte", []byte{0x30}, "not a CMS signature in DER"},
		{"text", []byte("hello"), "not a CMS signature in DER"},
		{"an unsigned profile", profile, "not signed: this is a bare property list"},
		{"too long", make([]byte, MaxSigned+1), "larger than 1048576 bytes, the limit for a profile"},
		{"truncated", good[:len(good)-1], "not a CMS signature in DER"},
		{"more than the signature", append(bytes.Clone(good), good...), "not a CMS signature in DER"},
		{"indefinite length", append(append([]byte{0x30, 0x80}, good...), 0, 0), "not a CMS signature in DER"},
		{"nested without end", bytes.Repeat([]byte{0x30, 0x80}, MaxSigned/2), "not a CMS signature in DER"},
		{"nested too deeply", deep, "not a CMS signature in DER"},
		{"nested beyond its bounds", overlapping(30), "not a CMS signature in DER"},
		{"another kind of CMS", certtest.Must(pkcs7.Encrypt(profile, []*x509.Certificate{rsaLeaf.Cert})), "must have exactly one signer, with its certificate"},
		{"certificates alone", certtest.Must(pkcs7.DegenerateCertificate(leaf.Cert.Raw)), "must have exactly one signer, with its certificate"},
		{"two signers", finish(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, func(d *pkcs7.SignedData) {
			certtest.Must(0, d.AddSigner(rsaLeaf.Cert, rsaLeaf.Key, pkcs7.SignerInfoConfig{}))
		}), "must have exactly one signer, with its certificate"},
		{"many certificates", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, crowd...), "contains more than 32 certificates, the limit for a profile"},
		{"a huge key", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, huge.Cert), "contains an RSA key of 20000 bits; the limit is 16384"},
		{"SHA-1", signedBy(t, rsaLeaf, pkcs7.OIDDigestAlgorithmSHA1), "signed with SHA-1, which is not supported; use SHA-256 with RSA or ECDSA"},
		{"SHA-384", signedBy(t, leaf, pkcs7.OIDDigestAlgorithmSHA384), "signed with SHA-384, which is not supported; use SHA-256 with RSA or ECDSA"},
		{"SHA-512", signedBy(t, rsaLeaf, pkcs7.OIDDigestAlgorithmSHA512), "signed with SHA-512, which is not supported; use SHA-256 with RSA or ECDSA"},
		{"another algorithm", bytes.ReplaceAll(good, certtest.Must(asn1.Marshal(pkcs7.OIDDigestAlgorithmECDSASHA256)), certtest.Must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 9}))), "signed with the algorithm 1.2.840.10045.4.3.9, which is not supported; use SHA-256 with RSA or ECDSA"},
		{"changed content", bytes.Replace(good, []byte("a profile"), []byte("A profile"), 1), "the content is not what was signed"},
		{"detached content", finish(t, leaf, pkcs7.OIDDigestAlgorithmSHA256, (*pkcs7.SignedData).Detach), "the content is not what was signed"},
		{"changed signature", flip(good, len(good)-1), "invalid signature: x509: ECDSA verification failure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Verify(tt.der, nil, testTime())
			if err == nil {
				t.Fatalf("no error: %+v", r)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// publicOnly replaces the public key of a signer.
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

// TestNoByteCanBeChanged flips every byte of a signed profile. Verify either
// returns an error or, for a byte that is not signed, the same signer and
// content.
func TestNoByteCanBeChanged(t *testing.T) {
	root := certtest.Authority("Root", nil)
	leaf := certtest.Certify("signer", certtest.ECKey(elliptic.P256()), &root)
	content := []byte("a profile")
	signed := certtest.Must(identity(t, leaf, root).Sign(content))
	roots := root.Pool()
	if r, err := Verify(signed, roots, testTime()); err != nil || r.Trusted != nil {
		t.Fatal(err, r.Trusted)
	}
	contentAt, certAt := bytes.Index(signed, content), bytes.Index(signed, leaf.Cert.RawTBSCertificate)
	for i := range signed {
		r, err := Verify(flip(signed, i), roots, testTime())
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

// sample is the content of the signed profiles in testdata.
var sample = []byte("<plist version=\"1.0\"><dict/></plist>\n")

// samples returns the signed profiles in testdata and their root.
func samples(t testing.TB) (signed [][]byte, roots *x509.CertPool) {
	t.Helper()
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certtest.Must(os.ReadFile("testdata/root.pem"))) {
		t.Fatal("no root")
	}
	return [][]byte{certtest.Must(os.ReadFile("testdata/rsa.der")), certtest.Must(os.ReadFile("testdata/ecdsa.der"))}, roots
}

// whenSampled is a time when the certificates of the samples are valid.
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

// FuzzVerify: no input panics, and content is only trusted if it is the content
// that was signed. The seeds are files, because each process of a fuzz run must
// have the same.
func FuzzVerify(f *testing.F) {
	signed, roots := samples(f)
	for _, der := range signed {
		f.Add(der)
		f.Add(der[:len(der)/2])
		f.Add(flip(der, len(der)-1))
	}
	f.Add([]byte{0x30})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add(overlapping(30))
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := Verify(der, roots, whenSampled)
		if err != nil {
			return
		}
		if r.Signer == nil || len(r.Chain) == 0 {
			t.Error("a report without a signer")
		}
		if r.Trusted == nil && !bytes.Equal(r.Content, sample) {
			t.Errorf("trusted: %q", r.Content)
		}
	})
}
