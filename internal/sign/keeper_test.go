package sign

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/test/certtest"
)

// TestKeeper renews an identity: the certificate is written first, then the key.
// Until both match, the old one signs.
func TestKeeper(t *testing.T) {
	root := certtest.Authority("Root", nil)
	first, second := certtest.Certify("first", certtest.NewKey(), &root), certtest.Certify("second", certtest.NewKey(), &root)
	certFile, keyFile := first.Write(t, t.TempDir(), root)
	k, err := NewKeeper(func(now time.Time) (*Identity, error) { return Load(certFile, keyFile) }, testTime)
	if err != nil {
		t.Fatal(err)
	}
	signer := func() string {
		t.Helper()
		signed, err := k.Sign(profile)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Verify(signed, nil, testTime())
		if err != nil {
			t.Fatal(err)
		}
		return r.Signer.Subject.CommonName
	}
	write := func(path string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	chain := append(second.CertPEM(), root.CertPEM()...)
	for _, step := range []struct {
		name  string
		write func()
		fails bool
		want  string
	}{
		{"unchanged", func() {}, false, "first"},
		{"half of the certificate", func() { write(certFile, chain[:100]) }, true, "first"},
		{"the certificate, not the key", func() { write(certFile, chain) }, true, "first"},
		{"half of the key", func() { write(keyFile, second.KeyPEM()[:100]) }, true, "first"},
		{"both", func() { write(keyFile, second.KeyPEM()) }, false, "second"},
		{"no file", func() { certtest.Must(0, os.Remove(keyFile)) }, true, "second"},
	} {
		step.write()
		if err := k.Reload(); (err != nil) != step.fails {
			t.Errorf("%s: error %v", step.name, err)
		}
		if got := signer(); got != step.want {
			t.Errorf("%s: %s signs, want %s", step.name, got, step.want)
		}
		if got := k.Identity().Leaf().Subject.CommonName; got != step.want {
			t.Errorf("%s: the identity is that of %s, want %s", step.name, got, step.want)
		}
	}
}

// TestKeeperOfAnIdentityThatIsNotValid pins that such an identity replaces none that
// is valid, and signs as soon as it is valid itself.
func TestKeeperOfAnIdentityThatIsNotValid(t *testing.T) {
	at := func(name string, moment time.Time) *Identity {
		return identity(t, certtest.Certify(name, certtest.NewKey(), nil, certtest.At(moment)))
	}
	now := testTime()
	old, early, valid := at("old", now.AddDate(-1, 0, 0)), at("early", now.AddDate(1, 0, 0)), at("valid", now)
	next := old
	k, err := NewKeeper(func(time.Time) (*Identity, error) { return next, nil }, func() time.Time { return now })
	for _, step := range []struct {
		name  string
		next  *Identity
		later bool
		fails bool
		want  *Identity
	}{
		{"an expired one, at the start", nil, false, true, old},
		{"one that is not valid yet, for an expired one", early, false, true, early},
		{"a year later", nil, true, false, early},
		{"a valid one", valid, false, false, valid},
		{"an expired one, for a valid one", old, false, true, valid},
	} {
		now = testTime()
		switch {
		case step.next != nil:
			next = step.next
			err = k.Reload()
		case step.later:
			now = now.AddDate(1, 0, 0)
			err = k.Valid()
		}
		if (err != nil) != step.fails || err != nil && !errors.As(err, new(certs.NotValidError)) {
			t.Errorf("%s: error %v", step.name, err)
		}
		if k.Identity() != step.want {
			t.Errorf("%s: the identity is that of %s", step.name, k.Identity().Leaf().Subject.CommonName)
		}
		if _, err := k.Sign(profile); (err == nil) != (k.Valid() == nil) {
			t.Errorf("%s: signed with error %v", step.name, err)
		}
	}
}

func TestNewKeeperReturnsTheErrorOfLoad(t *testing.T) {
	want := errors.New("no identity")
	k, err := NewKeeper(func(time.Time) (*Identity, error) { return nil, want }, testTime)
	if !errors.Is(err, want) || k.Identity() != nil {
		t.Errorf("keeper %v, error %v", k, err)
	}
	if _, err := k.Sign([]byte("x")); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("signed without an identity: %v", err)
	}
}

// TestSigningDuringReloads is for the race detector.
func TestSigningDuringReloads(t *testing.T) {
	ids := []*Identity{identity(t, certtest.Certify("first", certtest.NewKey(), nil)), identity(t, certtest.Certify("second", certtest.NewKey(), nil))}
	loads := 0
	k, err := NewKeeper(func(time.Time) (*Identity, error) {
		loads++
		return ids[loads%2], nil
	}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	var signers sync.WaitGroup
	for range 4 {
		signers.Go(func() {
			for range 50 {
				signed, err := k.Sign(profile)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := Verify(signed, nil, testTime()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		if err := k.Reload(); err != nil {
			t.Error(err)
		}
	}
	signers.Wait()
}
