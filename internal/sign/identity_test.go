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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	fullsailor "github.com/fullsailor/pkcs7"
	smallstep "github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/test/certtest"
)

// testTime is the time of all tests. It is now, because openssl uses the clock.
var testTime = sync.OnceValue(func() time.Time { return time.Now().UTC().Truncate(time.Second) })

// rsaKey is the RSA key of all tests: one takes long to make.
var rsaKey = sync.OnceValue(func() crypto.Signer { return certtest.RSAKey(2048) })

// identity returns the identity of a chain, the leaf first.
func identity(t testing.TB, chain ...certtest.Party) *Identity {
	t.Helper()
	certFile, keyFile := chain[0].Write(t, t.TempDir(), chain[1:]...)
	id, err := Load(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// profile is as long as a profile with mail, calendar and contacts.
var profile = []byte(`<?xml version="1.0" encoding="UTF-8"?>` + strings.Repeat("<string>a profile</string>\n", 150))

// TestSignatures verifies signatures of each kind of key, below an intermediate
// and a root, with smallstep/pkcs7, fullsailor/pkcs7 and OpenSSL.
func TestSignatures(t *testing.T) {
	root := certtest.Certify("Root", rsaKey(), nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	middle := certtest.Authority("Middle", &root)
	rootFile := root.WriteCert(t, t.TempDir(), "root.pem")
	roots := root.Pool()
	for _, tt := range []struct {
		name string
		key  crypto.Signer
	}{
		{"RSA-2048", rsaKey()},
		{"RSA-3072", certtest.RSAKey(3072)},
		{"ECDSA P-256", certtest.ECKey(elliptic.P256())},
		{"ECDSA P-384", certtest.ECKey(elliptic.P384())},
		{"ECDSA P-521", certtest.ECKey(elliptic.P521())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Like the certificate of a web server: for TLS only.
			leaf := certtest.Certify("signer", tt.key, &middle, func(c *x509.Certificate) {
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
				if err := parsed.VerifyWithChainAtTime(roots, testTime()); err != nil {
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
				// The root is left out: a device has it, or does not trust it anyway.
				want := []*x509.Certificate{leaf.Cert, middle.Cert}
				if !slices.EqualFunc(parsed.Certificates, want, (*x509.Certificate).Equal) {
					t.Errorf("%d certificates, want leaf and intermediate", len(parsed.Certificates))
				}
			})
			t.Run("openssl", func(t *testing.T) {
				if got, err := certtest.OpenSSL(t, signed, rootFile); err != nil || !bytes.Equal(got, profile) {
					t.Errorf("other content: %q, %v", got, err)
				}
			})
			t.Run("waymark", func(t *testing.T) {
				r, err := Verify(signed, roots, testTime())
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

func TestEmptyContent(t *testing.T) {
	id := identity(t, certtest.Certify("signer", certtest.NewKey(), nil))
	signed, err := id.Sign(nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(signed, nil, testTime()); err != nil || len(r.Content) != 0 {
		t.Errorf("content %q: %v", r.Content, err)
	}
}

func TestLoadErrors(t *testing.T) {
	root := certtest.Authority("Root", nil)
	middle := certtest.Authority("Middle", &root)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(key crypto.Signer) certtest.Party { return certtest.Certify("leaf", key, &middle) }
	other := certtest.NewKey()
	// It may issue for its own names alone.
	constrained := certtest.Authority("Constrained", &root, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.net"}, true
	})
	outside := certtest.Certify("leaf", certtest.NewKey(), &constrained, certtest.Hosts("mail.example.com"))
	for _, tt := range []struct {
		name  string
		chain []certtest.Party
		key   crypto.Signer // nil for the key of the leaf
		want  string
	}{
		{"the intermediate is missing", []certtest.Party{leaf(certtest.NewKey())}, nil, `CERT: the certificate of "Middle", the issuer of "leaf", is missing; append it to the file, or devices cannot verify profiles`},
		{"the intermediate is missing, the root is there", []certtest.Party{leaf(certtest.NewKey()), root}, nil, `CERT: the certificate of "Middle", the issuer of "leaf", is missing; append it to the file, or devices cannot verify profiles`},
		{"a chain that no device can follow", []certtest.Party{outside, constrained}, nil, `CERT: the chain of "leaf" cannot be verified: x509: a root or intermediate certificate is not authorized to sign for this name: DNS name "mail.example.com" is not permitted by any constraint`},
		{"a short RSA key", []certtest.Party{leaf(certtest.RSAKey(1024)), middle}, nil, "CERT: an RSA key of 1024 bits is too weak; use 2048 or more"},
		{"a short curve", []certtest.Party{leaf(certtest.ECKey(elliptic.P224())), middle}, nil, "CERT: the curve P-224 is too weak; use P-256 or P-384"},
		{"Ed25519", []certtest.Party{leaf(edKey), middle}, nil, "CERT: an Ed25519 key cannot sign profiles; use RSA or ECDSA P-256"},
		{"the key of another certificate", []certtest.Party{leaf(certtest.NewKey()), middle}, other, "KEY: the key does not match any certificate in CERT; was only one of the two files renewed?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leaf := tt.chain[0]
			if tt.key != nil {
				leaf.Key = tt.key
			}
			certFile, keyFile := leaf.Write(t, t.TempDir(), tt.chain[1:]...)
			_, err := Load(certFile, keyFile)
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.NewReplacer(certFile, "CERT", keyFile, "KEY").Replace(err.Error()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestLoadOutsideTheValidity pins that an identity that is not valid now is loaded: a
// start must not fail for it.
func TestLoadOutsideTheValidity(t *testing.T) {
	leaf := certtest.Certify("leaf", certtest.NewKey(), nil)
	certFile, keyFile := leaf.Write(t, t.TempDir())
	for _, tt := range []struct {
		now  time.Time
		want string
	}{
		{leaf.Cert.NotBefore.Add(-time.Second), certFile + `: the certificate of "leaf" is not valid before ` + leaf.Cert.NotBefore.UTC().Format("2006-01-02 15:04:05") + " UTC; is the clock right?"},
		{leaf.Cert.NotBefore, ""},
		{leaf.Cert.NotAfter, ""},
		{leaf.Cert.NotAfter.Add(time.Second), certFile + `: the certificate of "leaf" expired on ` + leaf.Cert.NotAfter.UTC().Format("2006-01-02 15:04:05") + " UTC; renew it"},
	} {
		id, err := Load(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.Valid(tt.now); (tt.want == "") != (err == nil) || err != nil && err.Error() != tt.want {
			t.Errorf("at %s: %v, want %q", tt.now, err, tt.want)
		}
	}
}

// brokenKey makes wrong signatures, as a broken device would.
type brokenKey struct{ crypto.Signer }

func (k brokenKey) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	digest = bytes.Clone(digest)
	digest[0] ^= 1
	return k.Signer.Sign(r, digest, o)
}

func TestSelfTestRejectsAWrongSignature(t *testing.T) {
	signer := certtest.Certify("signer", certtest.NewKey(), nil)
	pair := &certs.Pair{Leaf: signer.Cert, Key: signer.Key}
	if _, err := prove(pair); err != nil {
		t.Fatal(err)
	}
	pair.Key = brokenKey{signer.Key}
	const want = "a test signature cannot be verified: invalid signature: x509: ECDSA verification failure"
	if _, err := prove(pair); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestWarnings(t *testing.T) {
	root := certtest.Authority("Root", nil)
	short := func(ago, left int) certtest.Change {
		return func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = testTime().AddDate(0, 0, -ago), testTime().AddDate(0, 0, left)
		}
	}
	soon, later := short(77, 13), short(75, 15)
	middle, middleSoon := certtest.Authority("Middle", &root), certtest.Authority("Middle", &root, soon)
	const ecdsa = "the key is ECDSA; only RSA is proven on Apple devices"
	expires := "the identity expires on " + testTime().AddDate(0, 0, 13).Format(time.DateOnly) + "; renew it"
	for _, tt := range []struct {
		name  string
		chain []certtest.Party
		mode  os.FileMode
		want  []string
	}{
		{"no warning", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle), middle}, 0o640, nil},
		{"ECDSA", []certtest.Party{certtest.Certify("leaf", certtest.NewKey(), &middle), middle}, 0o600, []string{ecdsa}},
		{"self-signed", []certtest.Party{certtest.Certify("leaf", rsaKey(), nil)}, 0o600, []string{"the certificate is self-signed; devices show profiles as not verified unless it is installed on them"}},
		{"expires soon", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle, soon), middle}, 0o600, []string{expires}},
		{"expires in 15 days", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle, later), middle}, 0o600, nil},
		{"expires in 5 days of 9", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle, short(4, 5)), middle}, 0o600, nil},
		{"expires in 2 days of 9", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle, short(7, 2)), middle}, 0o600, []string{"the identity expires on " + testTime().AddDate(0, 0, 2).Format(time.DateOnly) + "; renew it"}},
		{"the intermediate expires soon", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middleSoon), middleSoon}, 0o600, []string{expires}},
		{"a world-readable key", []certtest.Party{certtest.Certify("leaf", rsaKey(), &middle), middle}, 0o604, []string{"KEY is readable by every user of this machine; run chmod o-r on it"}},
		{"several", []certtest.Party{certtest.Certify("leaf", certtest.NewKey(), &middle, soon), middle}, 0o644, []string{ecdsa, "KEY is readable by every user of this machine; run chmod o-r on it", expires}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			certFile, keyFile := tt.chain[0].Write(t, t.TempDir(), tt.chain[1:]...)
			if err := os.Chmod(keyFile, tt.mode); err != nil {
				t.Fatal(err)
			}
			id, err := Load(certFile, keyFile)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range append(id.Warnings(), id.Expiring(testTime())) {
				if w == "" {
					continue
				}
				got = append(got, strings.ReplaceAll(w, keyFile, "KEY"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if !id.Leaf().Equal(tt.chain[0].Cert) {
				t.Error("wrong leaf")
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	root := certtest.Authority("Root", nil)
	middle := certtest.Authority("Middle", &root)
	for _, bm := range []struct {
		name string
		key  crypto.Signer
	}{
		{"P-256", certtest.ECKey(elliptic.P256())},
		{"P-384", certtest.ECKey(elliptic.P384())},
		{"RSA-2048", rsaKey()},
	} {
		id := identity(b, certtest.Certify("signer", bm.key, &middle), middle)
		digest := make([]byte, crypto.SHA256.Size())
		// No signature can be faster than the key alone.
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
	root := certtest.Authority("Root", nil)
	middle := certtest.Authority("Middle", &root)
	signed := certtest.Must(identity(b, certtest.Certify("signer", certtest.RSAKey(2048), &middle), middle).Sign(profile))
	roots := root.Pool()
	b.ReportAllocs()
	for b.Loop() {
		if r, err := Verify(signed, roots, testTime()); err != nil || r.Trusted != nil {
			b.Fatal(err, r.Trusted)
		}
	}
}
