package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

// aMoment is when everything here happens. It is now, because openssl looks at
// the clock.
var aMoment = sync.OnceValue(func() time.Time { return time.Now().UTC().Truncate(time.Second) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func rsaKey(bits int) crypto.Signer { return must(rsa.GenerateKey(rand.Reader, bits)) }

func ecKey(curve elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }

func authority(name string, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Authority(name, by, slices.Insert(changes, 0, certtest.At(aMoment()))...)
}

func certify(name string, key crypto.Signer, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Certify(name, key, by, slices.Insert(changes, 0, certtest.At(aMoment()))...)
}

// identity returns that of a chain, the leaf first.
func identity(t testing.TB, chain ...certtest.Party) *Identity {
	t.Helper()
	certFile, keyFile := chain[0].Write(t, t.TempDir(), chain[1:]...)
	id, err := Load(certFile, keyFile, aMoment())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
