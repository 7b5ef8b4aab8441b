package acme

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/test/acmetest"
)

// TestANameThatSigns is ordered without a client, with an RSA key, and renewed with it.
func TestANameThatSigns(t *testing.T) {
	a := acmetest.New(t)
	const name = address.Domain("autoconfig.example.com")
	told := make(chan address.Domain, 10)
	i := start(t, a, Directory(t.TempDir()), func(o *Options) { o.Signer = func(name address.Domain) { told <- name } })
	await := func() *tls.Certificate {
		t.Helper()
		select {
		case got := <-told:
			if got != name {
				t.Errorf("told about %s", got)
			}
		case <-time.After(time.Minute):
			t.Fatal("there is no certificate")
		}
		c, err := Stored(t.Context(), i.o.Store, name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := Stored(t.Context(), i.o.Store, name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the order: %v", err)
	}
	// A client came first.
	if _, err := i.shake(a, string(name)); err != nil {
		t.Fatal(err)
	}
	if c, err := Stored(t.Context(), i.o.Store, name); err != nil || isRSA(c) {
		t.Fatalf("the first certificate has a key of type %T, %v", c.PrivateKey, err)
	}
	i.Sign([]address.Domain{name})
	first := await()
	for !isRSA(first) {
		first = await()
	}
	if err := i.configFor(name).RenewCertSync(t.Context(), string(name), true); err != nil {
		t.Fatal(err)
	}
	second := await()
	for second.Leaf.Equal(first.Leaf) {
		second = await()
	}
	if !isRSA(second) {
		t.Errorf("the key of the renewed one is %T", second.PrivateKey)
	}
	orders := a.Orders()
	i.Sign([]address.Domain{name})
	if a.Orders() != orders || orders != 3 {
		t.Errorf("%d, then %d orders, want 3", orders, a.Orders())
	}
}
