package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
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

// filled returns an authority, and the storage of a process that holds certificates which
// were issued so long ago, name by name, for a lifetime of 45 days.
func filled(t *testing.T, ages ...time.Duration) (*acmetest.Authority, string) {
	t.Helper()
	a, ca := acmetest.New(t), certtest.Authority("Test Root", nil)
	a.Root.AddCert(ca.Cert)
	dir, n := t.TempDir(), 0
	if err := acmetest.Fill(dir, a.URL, &ca, len(ages), func(c *x509.Certificate) {
		c.NotBefore = time.Now().Add(-ages[n])
		c.NotAfter = c.NotBefore.AddDate(0, 0, 45)
		n++
	}); err != nil {
		t.Fatal(err)
	}
	return a, dir
}

// forFilled permits the names of filled, and looks none of them up.
func forFilled(o *Options) {
	o.NoDNS, o.Permit = true, func(context.Context, address.Domain) error { return nil }
}

// within requires that something becomes true.
func within(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

const day = 24 * time.Hour

// TestTheLastThirdOfALifetime is when a certificate is renewed, also if no process ran
// until it had expired. The library reads the clock of the machine, so the certificates
// have an age instead.
func TestTheLastThirdOfALifetime(t *testing.T) {
	ages := []time.Duration{29 * day, 31 * day, 46 * day}
	a, dir := filled(t, ages...)
	i := start(t, a, Directory(dir), forFilled)
	renewed := func(n int) bool {
		c := i.inCache(address.Domain(acmetest.Name(n)))
		return c != nil && time.Since(c.Leaf.NotBefore) < day
	}
	within(t, time.Minute, "what is due is not renewed at the start", func() bool { return renewed(1) && renewed(2) })
	if renewed(0) || a.Orders() != 2 {
		t.Errorf("%d orders, want 2: what is not due is renewed", a.Orders())
	}
}

// TestTheAuthoritySuggestsARenewal of a certificate that was issued a moment ago. The
// library does not soon repeat a renewal that failed in another test, so the name is
// that of this one.
func TestTheAuthoritySuggestsARenewal(t *testing.T) {
	a := acmetest.New(t)
	a.Suggest(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	i := start(t, a, Directory(t.TempDir()), func(o *Options) { o.NoDNS = true })
	if _, err := i.shake(a, "suggested.example.com"); err != nil {
		t.Fatal(err)
	}
	if err := i.cache.RenewManagedCertificates(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, "it is not renewed", func() bool {
		i.mu.Lock()
		defer i.mu.Unlock()
		return i.counts[Renewed] == 1
	})
}

// TestAnotherReplicaRenews what this one holds: it serves the new certificate, and
// reports when that expires.
func TestAnotherReplicaRenews(t *testing.T) {
	a, dir := filled(t, 29*day)
	var expiry atomic.Int64
	one := start(t, a, Directory(dir), forFilled)
	two := start(t, a, Directory(dir), forFilled, func(o *Options) { o.NotAfter = func(at time.Time) { expiry.Store(at.Unix()) } })
	name := acmetest.Name(0)
	old, err := two.shake(a, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.config.RenewCertSync(t.Context(), name, true); err != nil {
		t.Fatal(err)
	}
	two.config.RenewalWindowRatio = 0.5 // the old one is due now, the new one is not
	within(t, time.Minute, "it serves the old one", func() bool {
		if err := two.cache.RenewManagedCertificates(t.Context()); err != nil {
			t.Fatal(err)
		}
		serial, err := two.shake(a, name)
		return err == nil && serial != old
	})
	two.loadAll()
	if at := time.Unix(expiry.Load(), 0); time.Until(at) < 80*day || a.Orders() != 1 {
		t.Errorf("reports the expiry %s, after %d orders", at, a.Orders())
	}
}

// TestALateReplica was away while another one renewed, so that its copy has expired.
func TestALateReplica(t *testing.T) {
	a, copied := filled(t, 46*day)
	store := Directory(t.TempDir())
	serial, err := start(t, a, store, forFilled).shake(a, acmetest.Name(0))
	if err != nil {
		t.Fatal(err)
	}
	late := start(t, a, store, forFilled, func(o *Options) { o.Copy = Directory(copied) })
	within(t, time.Minute, "it does not serve the renewed certificate", func() bool {
		got, err := late.shake(a, acmetest.Name(0))
		return err == nil && got == serial
	})
	if a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}
}

// TestACustomerWhoLeft keeps the domain in the settings, but DNS leads elsewhere: the
// certificate is not renewed, and its expiry alarms nobody.
func TestACustomerWhoLeft(t *testing.T) {
	a, dir := filled(t, day, 20*day)
	var expiry atomic.Int64
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	i := start(t, a, Directory(dir), forFilled, func(o *Options) {
		o.NoDNS, o.Addresses = false, []string{"192.0.2.1"}
		o.Resolver = acmetest.Hosts{acmetest.Name(0): {here}, acmetest.Name(1): {there}}
		o.NotAfter = func(at time.Time) { expiry.Store(at.Unix()) }
	})
	if err := i.config.RenewCertSync(t.Context(), acmetest.Name(1), true); !errors.Is(err, errElsewhere) {
		t.Errorf("renewed: %v", err)
	}
	i.loadAll()
	if at := time.Unix(expiry.Load(), 0); time.Until(at) < 40*day {
		t.Errorf("reports the expiry %s, which is that of the name that leads elsewhere", at)
	}
	i.counted(map[string]int{Elsewhere: 1})
	held, err := List(t.Context(), i.o.Store)
	if err != nil || len(held) != 2 || held[0].LastError != "" || !strings.Contains(held[1].LastError, "it resolves to 192.0.2.2") {
		t.Errorf("listed as %+v, %v", held, err)
	}
	if _, err := i.shake(a, acmetest.Name(1)); err != nil || a.Orders() != 0 {
		t.Errorf("until it expires: %v, %d orders", err, a.Orders())
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
