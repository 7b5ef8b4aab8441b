package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

type parts = [][]byte

func names(certs []*x509.Certificate) []string {
	var all []string
	for _, c := range certs {
		all = append(all, c.Subject.CommonName)
	}
	return all
}

// TestChains pins which certificates of a file are used, and in which order.
func TestChains(t *testing.T) {
	root := authority("Root", nil)
	upper := authority("Upper", &root)
	lower := authority("Lower", &upper)
	leaf := certify("leaf", certtest.NewKey(), &lower)
	direct := certify("direct", certtest.NewKey(), &root)
	alone := certify("alone", certtest.NewKey(), nil)
	older := authority("Older Root", nil)
	crossed := certify("Root", root.Key, &older, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	for _, tt := range []struct {
		name          string
		leaf          certtest.Party
		file          parts
		intermediates []string
		missing       string
	}{
		{"in order", leaf, parts{leaf.CertPEM(), lower.CertPEM(), upper.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"in reverse order", leaf, parts{upper.CertPEM(), lower.CertPEM(), leaf.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"the root is left out", leaf, parts{leaf.CertPEM(), lower.CertPEM(), upper.CertPEM(), root.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"the root first", leaf, parts{root.CertPEM(), upper.CertPEM(), leaf.CertPEM(), lower.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"each listed twice", leaf, parts{leaf.CertPEM(), leaf.CertPEM(), lower.CertPEM(), upper.CertPEM(), lower.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"the issuer of the last one may be a root", leaf, parts{leaf.CertPEM(), lower.CertPEM()}, []string{"Lower"}, ""},
		{"issued by a root", direct, parts{direct.CertPEM(), root.CertPEM()}, nil, ""},
		{"the issuer is missing", leaf, parts{leaf.CertPEM()}, nil, `"Lower"`},
		{"the issuer is missing, its issuers are there", leaf, parts{leaf.CertPEM(), upper.CertPEM(), root.CertPEM()}, nil, `"Lower"`},
		{"self-signed", alone, parts{alone.CertPEM()}, nil, ""},
		{"the root as an intermediate", direct, parts{direct.CertPEM(), crossed.CertPEM()}, []string{"Root"}, ""},
		{"the root as an intermediate and as itself", direct, parts{direct.CertPEM(), crossed.CertPEM(), root.CertPEM()}, []string{"Root"}, ""},
		{"the key in the same file", leaf, parts{leaf.KeyPEM(), leaf.CertPEM(), lower.CertPEM(), upper.CertPEM()}, []string{"Lower", "Upper"}, ""},
		{"with other text", leaf, parts{[]byte("subject=CN = leaf\n"), leaf.CertPEM(), []byte("\nissuer:\n"), lower.CertPEM(), []byte("end")}, []string{"Lower"}, ""},
		{"CRLF line ends", leaf, parts{bytes.ReplaceAll(leaf.CertPEM(), []byte("\n"), []byte("\r\n")), bytes.ReplaceAll(lower.CertPEM(), []byte("\n"), []byte("\r\n"))}, []string{"Lower"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, tt.file, parts{certtest.KeyPEM(tt.leaf.Key)})
			p, err := LoadPair("cert.pem", "key.pem", testTime())
			if err != nil {
				t.Fatal(err)
			}
			if !p.Leaf.Equal(tt.leaf.Cert) {
				t.Errorf("the leaf is %s", NameOf(p.Leaf))
			}
			if got := names(p.Intermediates); !slices.Equal(got, tt.intermediates) {
				t.Errorf("intermediates %v, want %v", got, tt.intermediates)
			}
			if p.MissingIssuer != tt.missing {
				t.Errorf("missing issuer %q, want %q", p.MissingIssuer, tt.missing)
			}
			if got := p.SelfSigned(); got != (tt.leaf == alone) {
				t.Errorf("self-signed %v", got)
			}
		})
	}
}

func TestCertificateAndKeyInOneFile(t *testing.T) {
	leaf := certify("leaf", certtest.NewKey(), nil)
	inFolder(t, parts{leaf.CertPEM(), leaf.KeyPEM()}, nil)
	if _, err := LoadPair("cert.pem", "cert.pem", testTime()); err != nil {
		t.Error(err)
	}
}

func TestKeyFormats(t *testing.T) {
	rsaKey := certtest.Must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey := certtest.NewKey().(*ecdsa.PrivateKey)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1 := certtest.PEM("EC PRIVATE KEY", certtest.Must(x509.MarshalECPrivateKey(ecKey)))
	// openssl ecparam -genkey writes this before the key.
	parameters := certtest.PEM("EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7})
	for _, tt := range []struct {
		name string
		key  crypto.Signer
		file parts
	}{
		{"RSA PKCS#1", rsaKey, parts{certtest.PEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))}},
		{"RSA PKCS#8", rsaKey, parts{certtest.KeyPEM(rsaKey)}},
		{"EC SEC1", ecKey, parts{sec1}},
		{"EC SEC1 with parameters", ecKey, parts{parameters, sec1}},
		{"EC PKCS#8", ecKey, parts{certtest.KeyPEM(ecKey)}},
		{"Ed25519 PKCS#8", edKey, parts{certtest.KeyPEM(edKey)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, parts{certify("leaf", tt.key, nil).CertPEM()}, tt.file)
			p, err := LoadPair("cert.pem", "key.pem", testTime())
			if err != nil {
				t.Fatal(err)
			}
			if !fits(p.Leaf, p.Key) {
				t.Error("another key was read")
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	leaf := certify("leaf", certtest.NewKey(), &middle)
	key := parts{leaf.KeyPEM()}
	other := certify("other", certtest.NewKey(), nil)
	namesake := authority("Middle", &root) // another key, as after a renewal of the authority
	notAuthority := certify("Plain", certtest.NewKey(), &root)
	byPlain := certify("by plain", certtest.NewKey(), &notAuthority)
	sha1 := func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }
	weakLeaf := certify("weak leaf", certtest.NewKey(), &middle, sha1)
	weakAlone := certify("weak alone", certtest.NewKey(), nil, sha1)
	weakMiddle := authority("Weak Middle", &root, sha1)
	belowWeak := certify("below weak", certtest.NewKey(), &weakMiddle)
	past := func(c *x509.Certificate) { c.NotAfter = testTime().Add(-time.Minute) }
	future := func(c *x509.Certificate) { c.NotBefore = testTime().Add(time.Minute) }
	oldMiddle, newMiddle := authority("Old Middle", &root, past), authority("New Middle", &root, future)
	belowOld, belowNew := certify("below old", certtest.NewKey(), &oldMiddle), certify("below new", certtest.NewKey(), &newMiddle)
	old, early := certify("old", certtest.NewKey(), &middle, past), certify("early", certtest.NewKey(), &middle, future)
	nameless := certify("", certtest.NewKey(), nil, past, func(c *x509.Certificate) { c.DNSNames = []string{"mail.example.com"} })
	hostile := certify("x\x1b[31m\n\"y", certtest.NewKey(), nil, past)
	long := leaf.CertPEM()
	keyBody := key[0][:len(key[0])/2]
	legacy := pem.EncodeToMemory(&pem.Block{
		Type: "EC PRIVATE KEY", Bytes: []byte("secret"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"},
	})

	for _, tt := range []struct {
		name      string
		cert, key parts
		want      string
	}{
		{"no certificate file", nil, key, "open cert.pem: no such file or directory"},
		{"no key file", parts{long}, nil, "open key.pem: no such file or directory"},
		{"an empty certificate file", parts{{}}, key, `cert.pem: contains no certificate; expected PEM that begins with "-----BEGIN CERTIFICATE-----"`},
		{"DER instead of PEM", parts{leaf.Cert.Raw}, key, `cert.pem: contains no certificate; expected PEM that begins with "-----BEGIN CERTIFICATE-----"`},
		{"the files swapped", key, parts{long}, `key.pem: contains no private key; expected PEM that begins with "-----BEGIN PRIVATE KEY-----"`},
		{"an empty key file", parts{long}, parts{{}}, `key.pem: contains no private key; expected PEM that begins with "-----BEGIN PRIVATE KEY-----"`},
		{"a huge file", parts{bytes.Repeat([]byte("x"), maxFile+1)}, key, "cert.pem: larger than 1048576 bytes, the limit for a certificate file"},
		{"a half-written leaf", parts{long[:200]}, key, "cert.pem: 1 of 1 PEM blocks cannot be read; is the file complete?"},
		{"a half-written intermediate", parts{long, middle.CertPEM()[:200]}, key, "cert.pem: 1 of 2 PEM blocks cannot be read; is the file complete?"},
		{"a half-written key", parts{long}, parts{keyBody}, "key.pem: 1 of 1 PEM blocks cannot be read; is the file complete?"},
		{"a damaged certificate", parts{certtest.PEM("CERTIFICATE", leaf.Cert.Raw[:100])}, key, "cert.pem: certificate 1 cannot be read: x509: malformed certificate"},
		{"a damaged key", parts{long}, parts{certtest.PEM("PRIVATE KEY", []byte("secret"))}, "key.pem: the key cannot be read: it is damaged or of an unsupported kind"},
		{"an encrypted PKCS#8 key", parts{long}, parts{certtest.PEM("ENCRYPTED PRIVATE KEY", []byte("secret"))}, "key.pem: the key is encrypted; decrypt it with openssl pkey -in FILE -out FILE.plain and protect the file by its permissions"},
		{"an encrypted SEC1 key", parts{long}, parts{legacy}, "key.pem: the key is encrypted; decrypt it with openssl pkey -in FILE -out FILE.plain and protect the file by its permissions"},
		{"the key of another certificate", parts{long, middle.CertPEM()}, parts{other.KeyPEM()}, "key.pem: the key does not match any certificate in cert.pem; was only one of the two files renewed?"},
		{"an unrelated certificate beside an incomplete chain", parts{long, middle.CertPEM(), other.CertPEM()}, key, `cert.pem: the certificate of "other" does not belong to the chain of "leaf", which ends with "Middle"; remove it, or append the certificate of "Root"`},
		{"an unrelated certificate beside a complete chain", parts{long, middle.CertPEM(), root.CertPEM(), other.CertPEM()}, key, `cert.pem: the certificate of "other" does not belong to the chain of "leaf"; remove it`},
		{"another certificate with the name of the intermediate", parts{long, namesake.CertPEM()}, key, `cert.pem: the certificate of "Middle" has the name of the issuer of "leaf", but did not sign it; replace it with the one that did`},
		{"the issuer is no authority", parts{byPlain.CertPEM(), notAuthority.CertPEM()}, parts{byPlain.KeyPEM()}, `cert.pem: the certificate of "Plain" has the name of the issuer of "by plain", but did not sign it; replace it with the one that did`},
		{"a leaf signed with SHA-1", parts{weakLeaf.CertPEM(), middle.CertPEM()}, parts{weakLeaf.KeyPEM()}, `cert.pem: the certificate of "weak leaf" is signed with ECDSA-SHA1, which is no longer accepted; renew it`},
		{"self-signed with SHA-1", parts{weakAlone.CertPEM()}, parts{weakAlone.KeyPEM()}, `cert.pem: the certificate of "weak alone" is signed with ECDSA-SHA1, which is no longer accepted; renew it`},
		{"an intermediate signed with SHA-1", parts{belowWeak.CertPEM(), weakMiddle.CertPEM()}, parts{belowWeak.KeyPEM()}, `cert.pem: the certificate of "Weak Middle" is signed with ECDSA-SHA1, which is no longer accepted; renew it`},
		{"an expired leaf", parts{old.CertPEM(), middle.CertPEM()}, parts{old.KeyPEM()}, `cert.pem: the certificate of "old" expired on 2026-11-05 14:29:15 UTC; renew it`},
		{"an expired intermediate", parts{belowOld.CertPEM(), oldMiddle.CertPEM()}, parts{belowOld.KeyPEM()}, `cert.pem: the certificate of "Old Middle" expired on 2026-11-05 14:29:15 UTC; renew it`},
		{"a leaf that is not valid yet", parts{early.CertPEM(), middle.CertPEM()}, parts{early.KeyPEM()}, `cert.pem: the certificate of "early" is not valid before 2026-11-05 14:31:15 UTC; is the clock right?`},
		{"an intermediate that is not valid yet", parts{belowNew.CertPEM(), newMiddle.CertPEM()}, parts{belowNew.KeyPEM()}, `cert.pem: the certificate of "New Middle" is not valid before 2026-11-05 14:31:15 UTC; is the clock right?`},
		{"without a common name", parts{nameless.CertPEM()}, parts{nameless.KeyPEM()}, `cert.pem: the certificate of "mail.example.com" expired on 2026-11-05 14:29:15 UTC; renew it`},
		{"a name with control characters", parts{hostile.CertPEM()}, parts{hostile.KeyPEM()}, `cert.pem: the certificate of "x\x1b[31m\n\"y" expired on 2026-11-05 14:29:15 UTC; renew it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, tt.cert, tt.key)
			_, err := LoadPair("cert.pem", "key.pem", testTime())
			if err == nil {
				t.Fatal("no error")
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			wrongTime := strings.Contains(tt.want, " expired on ") || strings.Contains(tt.want, "is not valid before")
			if errors.As(err, new(NotValidError)) != wrongTime {
				t.Errorf("is NotValidError: %v", !wrongTime)
			}
		})
	}
}

func TestAnOldRootMayBeSignedWithSHA1(t *testing.T) {
	root := authority("Root", nil, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
	leaf := certify("leaf", certtest.NewKey(), &root)
	inFolder(t, parts{leaf.CertPEM(), root.CertPEM()}, parts{leaf.KeyPEM()})
	if _, err := LoadPair("cert.pem", "key.pem", testTime()); err != nil {
		t.Error(err)
	}
}

func TestNotAfterIsTheFirstExpiry(t *testing.T) {
	soon := testTime().AddDate(0, 0, 10)
	middle := authority("Middle", nil, func(c *x509.Certificate) {
		c.NotAfter, c.Subject = soon, pkix.Name{CommonName: "Middle"}
	})
	leaf := certify("leaf", certtest.NewKey(), &middle)
	p := Pair{Leaf: leaf.Cert, Intermediates: []*x509.Certificate{middle.Cert}}
	if got := p.NotAfter(); !got.Equal(soon) {
		t.Errorf("got %s, want %s", got, soon)
	}
}

// FuzzLoadPEM: a pair that loads is valid, whatever the files contain.
func FuzzLoadPEM(f *testing.F) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	leaf := certify("leaf", certtest.NewKey(), &middle)
	chain := append(leaf.CertPEM(), middle.CertPEM()...)
	f.Add(chain, leaf.KeyPEM())
	f.Add(append(chain, root.CertPEM()...), leaf.KeyPEM())
	f.Add(chain[:len(chain)-100], leaf.KeyPEM())
	f.Add(chain, root.KeyPEM())
	f.Add(chain, certtest.PEM("EC PRIVATE KEY", certtest.Must(x509.MarshalECPrivateKey(leaf.Key.(*ecdsa.PrivateKey)))))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n"), []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, certs, key []byte) {
		p, err := parse("cert.pem", certs, "key.pem", key)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "cert.pem: ") && !strings.HasPrefix(err.Error(), "key.pem: ") {
				t.Errorf("the error does not name a file: %v", err)
			}
			return
		}
		if !fits(p.Leaf, p.Key) {
			t.Error("the key does not match")
		}
		below := p.Leaf
		for _, c := range p.Intermediates {
			if err := below.CheckSignatureFrom(c); err != nil {
				t.Errorf("the chain is broken: %v", err)
			}
			below = c
		}
		if p.NotAfter().Before(testTime()) && p.Valid(testTime()) == nil {
			t.Error("expired, but valid")
		}
	})
}
