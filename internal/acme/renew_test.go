package acme

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/acmetest"
)

// TestRenewal renews a certificate without a client, and no more once the domain is
// gone. The library has no clock, so the renewal window begins with the lifetime.
func TestRenewal(t *testing.T) {
	a := acmetest.New(t, acmetest.Lifetime(45*24*time.Hour))
	i := start(t, a, Directory(t.TempDir()))
	i.config.RenewalWindowRatio, i.config.DisableARI = 1, true
	first, err := i.shake(a, "autoconfig.example.com")
	if err != nil {
		t.Fatal(err)
	}
	renewed := func() string {
		if err := i.cache.RenewManagedCertificates(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		serial, err := i.shake(a, "autoconfig.example.com")
		if err != nil {
			return "" // it expired while it was renewed
		}
		return serial
	}
	second := first
	for deadline := time.Now().Add(time.Minute); second == first || second == ""; second = renewed() {
		if time.Now().After(deadline) {
			t.Fatal("it is not renewed")
		}
	}
	gone := func(address.Domain) error { return settings.ErrUnknownDomain }
	i.permit.Store(&gone)
	for deadline := time.Now().Add(10 * time.Second); renewed() != ""; {
		if time.Now().After(deadline) {
			t.Fatal("the certificate of a domain that is gone stays")
		}
	}
	if orders := a.Orders(); orders < 2 || orders != i.counts[Issued]+i.counts[Renewed] {
		t.Errorf("%d orders, counted %v", orders, i.counts)
	}
}

// TestWhatIsStoredIsLoadedAtTheStart renews what no client asked for since a restart,
// unless its domain is gone.
func TestWhatIsStoredIsLoadedAtTheStart(t *testing.T) {
	a := acmetest.New(t)
	store := Directory(t.TempDir())
	for _, name := range []string{"autoconfig.example.com", "autodiscover.example.com"} {
		if _, err := start(t, a, store, func(o *Options) { o.NoDNS = true }).shake(a, name); err != nil {
			t.Fatal(err)
		}
	}
	expiry := make(chan time.Time, 10)
	i := start(t, a, store, func(o *Options) {
		o.NotAfter = func(at time.Time) { expiry <- at }
		o.Permit = onlyAutoconfig
	})
	for at := range expiry {
		if !at.IsZero() {
			break
		}
	}
	if n := len(i.cache.AllMatchingCertificates("autoconfig.example.com")); n != 1 {
		t.Errorf("%d certificates are loaded, want 1", n)
	}
	if n := len(i.cache.AllMatchingCertificates("autodiscover.example.com")); n != 0 {
		t.Error("the certificate of a domain that is gone is loaded")
	}
}

func onlyAutoconfig(_ context.Context, name address.Domain) error {
	if name == "autoconfig.example.com" {
		return nil
	}
	return settings.ErrUnknownDomain
}

// TestRenewAt has the lifetimes that authorities offer.
func TestRenewAt(t *testing.T) {
	day := 24 * time.Hour
	from := time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		lifetime, want time.Duration
		suggested      *acme.RenewalInfo
	}{
		{90 * day, 60 * day, nil},
		{45 * day, 30 * day, nil},
		{6 * day, 4 * day, nil},
		{45 * day, 30 * day, &acme.RenewalInfo{}},
		{45 * day, 7 * day, &acme.RenewalInfo{SelectedTime: from.Add(7 * day)}},
	} {
		got := renewAt(&x509.Certificate{NotBefore: from, NotAfter: from.Add(tt.lifetime)}, tt.suggested)
		if diff := got.Sub(from.Add(tt.want)).Abs(); diff > time.Minute {
			t.Errorf("%s: renewed %s after it was issued, want %s", tt.lifetime, got.Sub(from), tt.want)
		}
	}
}
