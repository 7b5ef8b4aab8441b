package sign

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	fullsailor "github.com/fullsailor/pkcs7"
	smallstep "github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// profile is as long as a profile with mail, calendar and contacts.
var profile = []byte(`<?xml version="1.0" encoding="UTF-8"?>` + strings.Repeat("<string>a profile</string>\n", 150))

// TestSignaturesAreGood has three implementations look at signatures by each
// kind of key, below an intermediate below a root: smallstep/pkcs7,
// fullsailor/pkcs7 and OpenSSL.
func TestSignaturesAreGood(t *testing.T) {
	root := certify("Root", rsaKey(2048), nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	middle := authority("Middle", &root)
	rootFile := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(rootFile, root.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.Cert)
	for _, tt := range []struct {
		name string
		key  crypto.Signer
	}{
		{"RSA-2048", rsaKey(2048)},
		{"RSA-3072", rsaKey(3072)},
		{"ECDSA P-256", ecKey(elliptic.P256())},
		{"ECDSA P-384", ecKey(elliptic.P384())},
		{"ECDSA P-521", ecKey(elliptic.P521())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// As the certificate of a web server: for TLS and nothing else.
			leaf := certify("signer", tt.key, &middle, func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			})
			id := identity(t, leaf, middle, root)
			before := time.Now().UTC().Truncate(time.Second)
			signed, err := id.Sign(profile)
			if err != nil {
				t.Fatal(err)
			}
			t.Run("smallstep", func(t *testing.T) {
				parsed, err := smallstep.Parse(signed)
				if err != nil {
					t.Fatal(err)
				}
				if err := parsed.VerifyWithChainAtTime(roots, aMoment()); err != nil {
					t.Error(err)
				}
				if got := parsed.Signers[0].DigestAlgorithm.Algorithm; !got.Equal(smallstep.OIDDigestAlgorithmSHA256) {
					t.Errorf("digest %s", got)
				}
				var at time.Time
				if err := parsed.UnmarshalSignedAttribute(smallstep.OIDAttributeSigningTime, &at); err != nil || at.Before(before) || at.After(time.Now()) {
					t.Errorf("signing time %s: %v", at, err)
				}
			})
			t.Run("fullsailor", func(t *testing.T) {
				parsed, err := fullsailor.Parse(signed)
				if err != nil {
					t.Fatal(err)
				}
				if err := parsed.Verify(); err != nil {
					t.Error(err)
				}
				if !bytes.Equal(parsed.Content, profile) {
					t.Error("other content")
				}
				// Devices have the root, or do not trust it either way.
				want := []*x509.Certificate{leaf.Cert, middle.Cert}
				if !slices.EqualFunc(parsed.Certificates, want, (*x509.Certificate).Equal) {
					t.Errorf("%d certificates, want leaf and intermediate", len(parsed.Certificates))
				}
			})
			t.Run("openssl", func(t *testing.T) {
				if got := opensslVerify(t, signed, rootFile); !bytes.Equal(got, profile) {
					t.Errorf("other content: %q", got)
				}
			})
			t.Run("waymark", func(t *testing.T) {
				r, err := Verify(signed, roots, aMoment())
				if err != nil {
					t.Fatal(err)
				}
				if r.Trusted != nil {
					t.Error(r.Trusted)
				}
				if !bytes.Equal(r.Content, profile) {
					t.Error("other content")
				}
			})
		})
	}
}

func opensslVerify(t *testing.T, signed []byte, rootFile string) []byte {
	t.Helper()
	openssl := programs.Need(t, "openssl", "openssl")
	cmd := exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-CAfile", rootFile)
	cmd.Stdin = bytes.NewReader(signed)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	return out
}

func TestEmptyContent(t *testing.T) {
	id := identity(t, certify("signer", certtest.NewKey(), nil))
	signed, err := id.Sign(nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(signed, nil, aMoment()); err != nil || len(r.Content) != 0 {
		t.Errorf("content %q: %v", r.Content, err)
	}
}

func TestLoadRefusesWhatCannotSign(t *testing.T) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := certify("old", certtest.NewKey(), &middle, func(c *x509.Certificate) { c.NotAfter = aMoment().Add(-time.Minute) })
	leaf := func(key crypto.Signer) certtest.Party { return certify("leaf", key, &middle) }
	other := certtest.NewKey()
	for _, tt := range []struct {
		name  string
		chain []certtest.Party
		key   crypto.Signer // nil for that of the leaf
		want  string
	}{
		{"the intermediate is missing", []certtest.Party{leaf(certtest.NewKey())}, nil, `CERT: the certificate of "Middle", which issued that of "leaf", is missing; append it to the file, or devices cannot verify the profile`},
		{"the intermediate is missing, the root is there", []certtest.Party{leaf(certtest.NewKey()), root}, nil, `CERT: the certificate of "Middle", which issued that of "leaf", is missing; append it to the file, or devices cannot verify the profile`},
		{"a short RSA key", []certtest.Party{leaf(rsaKey(1024)), middle}, nil, "CERT: an RSA key of 1024 bits is too weak; make one of 2048 or more"},
		{"a short curve", []certtest.Party{leaf(ecKey(elliptic.P224())), middle}, nil, "CERT: the curve P-224 is too weak; use P-256 or P-384"},
		{"Ed25519", []certtest.Party{leaf(edKey), middle}, nil, "CERT: an Ed25519 key cannot sign profiles; use RSA or ECDSA P-256"},
		{"the key of another", []certtest.Party{leaf(certtest.NewKey()), middle}, other, "KEY: the key does not fit any certificate in CERT; was only one of the two files renewed?"},
		{"expired", []certtest.Party{old, middle}, nil, `CERT: the certificate of "old" expired on ` + aMoment().Add(-time.Minute).Format("2006-01-02 15:04:05") + ` UTC; renew it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leaf := tt.chain[0]
			if tt.key != nil {
				leaf.Key = tt.key
			}
			certFile, keyFile := leaf.Write(t, t.TempDir(), tt.chain[1:]...)
			_, err := Load(certFile, keyFile, aMoment())
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.NewReplacer(certFile, "CERT", keyFile, "KEY").Replace(err.Error()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// halfwitted is a key whose signatures are not good, as of a broken device.
type halfwitted struct{ crypto.Signer }

func (h halfwitted) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	digest = bytes.Clone(digest)
	digest[0] ^= 1
	return h.Signer.Sign(r, digest, o)
}

func TestNoIdentityWithoutAGoodSignature(t *testing.T) {
	signer := certify("signer", certtest.NewKey(), nil)
	pair := &certs.Pair{Leaf: signer.Cert, Key: signer.Key}
	if _, err := prove(pair); err != nil {
		t.Fatal(err)
	}
	pair.Key = halfwitted{signer.Key}
	const want = "a trial signature is not good: has a signature that is not good: x509: ECDSA verification failure"
	if _, err := prove(pair); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestWarnings(t *testing.T) {
	root := authority("Root", nil)
	soon := func(c *x509.Certificate) { c.NotAfter = aMoment().AddDate(0, 0, 29) }
	middle, middleSoon := authority("Middle", &root), authority("Middle", &root, soon)
	const ecdsa = "the key is ECDSA; profiles signed with RSA are the ones proven on Apple's devices"
	expires := "the identity expires on " + aMoment().AddDate(0, 0, 29).Format(time.DateOnly) + "; renew it"
	for _, tt := range []struct {
		name  string
		chain []certtest.Party
		mode  os.FileMode
		want  []string
	}{
		{"nothing doubtful", []certtest.Party{certify("leaf", rsaKey(2048), &middle), middle}, 0o640, nil},
		{"ECDSA", []certtest.Party{certify("leaf", certtest.NewKey(), &middle), middle}, 0o600, []string{ecdsa}},
		{"self-signed", []certtest.Party{certify("leaf", rsaKey(2048), nil)}, 0o600, []string{"the certificate is self-signed; devices show profiles as not verified unless it is installed on them"}},
		{"expires soon", []certtest.Party{certify("leaf", rsaKey(2048), &middle, soon), middle}, 0o600, []string{expires}},
		{"the intermediate expires soon", []certtest.Party{certify("leaf", rsaKey(2048), &middleSoon), middleSoon}, 0o600, []string{expires}},
		{"a key for all to read", []certtest.Party{certify("leaf", rsaKey(2048), &middle), middle}, 0o604, []string{"KEY can be read by every user of this machine; chmod o-r it"}},
		{"several", []certtest.Party{certify("leaf", certtest.NewKey(), &middle, soon), middle}, 0o644, []string{ecdsa, expires, "KEY can be read by every user of this machine; chmod o-r it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			certFile, keyFile := tt.chain[0].Write(t, t.TempDir(), tt.chain[1:]...)
			if err := os.Chmod(keyFile, tt.mode); err != nil {
				t.Fatal(err)
			}
			id, err := Load(certFile, keyFile, aMoment())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range id.Warnings() {
				got = append(got, strings.ReplaceAll(w, keyFile, "KEY"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if !id.Leaf().Equal(tt.chain[0].Cert) {
				t.Error("another leaf")
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	for _, bm := range []struct {
		name string
		key  crypto.Signer
	}{
		{"P-256", ecKey(elliptic.P256())},
		{"P-384", ecKey(elliptic.P384())},
		{"RSA-2048", rsaKey(2048)},
	} {
		id := identity(b, certify("signer", bm.key, &middle), middle)
		digest := make([]byte, crypto.SHA256.Size())
		// The key alone is what no signature can be quicker than.
		b.Run(bm.name+"/key-alone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := id.pair.Key.Sign(rand.Reader, digest, crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bm.name+"/profile", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(profile)))
			for b.Loop() {
				if _, err := id.Sign(profile); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	signed := must(identity(b, certify("signer", rsaKey(2048), &middle), middle).Sign(profile))
	roots := x509.NewCertPool()
	roots.AddCert(root.Cert)
	b.ReportAllocs()
	for b.Loop() {
		if r, err := Verify(signed, roots, aMoment()); err != nil || r.Trusted != nil {
			b.Fatal(err, r.Trusted)
		}
	}
}
