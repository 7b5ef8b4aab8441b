package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/acmetest"
)

// instance is one process that serves TLS.
type instance struct {
	*Manager
	t      *testing.T
	https  string // address of its listener
	mu     sync.Mutex
	counts map[string]int
	asked  atomic.Int64 // permissions
	// permit replaces the permission: example.com alone.
	permit atomic.Pointer[func(address.Domain) error]
}

// start starts an instance at an authority, which validates names there.
func start(t *testing.T, a *acmetest.Authority, store Storage, changes ...func(*Options)) *instance {
	t.Helper()
	i := &instance{t: t, counts: map[string]int{}}
	o := Options{
		Email: "ops@example.org", CAs: []CA{{Directory: a.URL, Roots: a.Server}}, Store: store, Log: zap.NewNop(), Now: time.Now,
		Count: func(result string) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.counts[result]++
		},
		NotAfter: func(time.Time) {},
		Signer:   func(address.Domain) {},
		Permit: func(_ context.Context, name address.Domain) error {
			i.asked.Add(1)
			if permit := i.permit.Load(); permit != nil {
				return (*permit)(name)
			}
			if strings.HasSuffix(string(name), ".example.com") {
				return nil
			}
			return settings.ErrUnknownDomain
		},
		Client:   func(ctx context.Context, _ string) context.Context { return ctx },
		Default:  func() address.Domain { return "" },
		Resolver: acmetest.Hosts{"autoconfig.example.com": {netip.MustParseAddr("127.0.0.1")}},
		Limits:   Limits{PerHour: 50, PerDomain: 40},
	}
	for _, change := range changes {
		change(&o)
	}
	i.Manager = New(o)
	plain := httptest.NewServer(i.HTTPChallenges(http.NotFoundHandler()))
	t.Cleanup(plain.Close)
	secure, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.NotFoundHandler(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{GetCertificate: i.GetCertificate, NextProtos: []string{"h2", "http/1.1", Protocol}},
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.ServeTLS(secure, "", "") })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	i.https = secure.Addr().String()
	a.Validate(port(t, plain.Listener), port(t, secure))
	if err := i.Start(i.https, plain.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

func port(t *testing.T, l net.Listener) int {
	t.Helper()
	_, n, err := hostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// shake shakes hands as a client that trusts the authority, and returns the serial
// number of the certificate.
func (i *instance) shake(a *acmetest.Authority, name string) (string, error) {
	conn, err := tls.Dial("tcp", i.https, &tls.Config{RootCAs: a.Root, ServerName: name})
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

func (i *instance) counted(want map[string]int) {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if fmt.Sprint(i.counts) != fmt.Sprint(want) {
		i.t.Errorf("counted %v, want %v", i.counts, want)
	}
}

// TestTheFirstHandshakeIssues lets fifty clients ask for a name at once.
func TestTheFirstHandshakeIssues(t *testing.T) {
	a := acmetest.New(t)
	i := start(t, a, Directory(t.TempDir()))
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			if _, err := i.shake(a, "autoconfig.example.com"); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	if got := a.Orders(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
	i.counted(map[string]int{Issued: 1})
}

// TestNamesThatMayNotHaveACertificate are refused without an order, and leave nothing
// in memory.
func TestNamesThatMayNotHaveACertificate(t *testing.T) {
	a := acmetest.New(t)
	i := start(t, a, Directory(t.TempDir()))
	for n := range 50 {
		if _, err := i.shake(a, fmt.Sprintf("autoconfig.name%d.example", n)); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Fatalf("got %v, want the alert unrecognized name", err)
		}
	}
	for _, name := range []string{"", "autoconfig", "-.example.com"} {
		if _, err := i.shake(a, name); err == nil {
			t.Errorf("%q is served", name)
		}
	}
	if a.Orders() != 0 || len(i.flights)+len(i.held)+len(i.failed.byName) != 0 {
		t.Errorf("%d orders, %d flights, %d held, %d failed; want none", a.Orders(), len(i.flights), len(i.held), len(i.failed.byName))
	}
}

// TestAChallengeForAnUnknownName does not reach the storage.
func TestAChallengeForAnUnknownName(t *testing.T) {
	a := acmetest.New(t)
	i := start(t, a, Directory(t.TempDir()))
	_, err := tls.Dial("tcp", i.https, &tls.Config{RootCAs: a.Root, ServerName: "autoconfig.unknown.example", NextProtos: []string{Protocol}})
	if err == nil {
		t.Error("it is answered")
	}
	i.counted(map[string]int{Unknown: 1})
}

// TestClientsWithoutAName get the certificate of the default name.
func TestClientsWithoutAName(t *testing.T) {
	a := acmetest.New(t)
	i := start(t, a, Directory(t.TempDir()), func(o *Options) { o.Default = func() address.Domain { return "autoconfig.example.com" } })
	conn, err := tls.Dial("tcp", i.https, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if got := conn.ConnectionState().PeerCertificates[0].DNSNames; len(got) != 1 || got[0] != "autoconfig.example.com" {
		t.Errorf("got a certificate for %v", got)
	}
}

// TestWhatExistsIsServed pins that existing certificates are served while the
// authority or the source of permissions is down, and those in memory while the
// storage is down.
func TestWhatExistsIsServed(t *testing.T) {
	a := acmetest.New(t)
	dir := t.TempDir()
	replica, first := start(t, a, Directory(dir)), start(t, a, Directory(dir))
	serial, err := first.shake(a, "autoconfig.example.com")
	if err != nil {
		t.Fatal(err)
	}
	lies := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"newNonce": "ftp://liar", `)) }
	down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	cannotTell := func(address.Domain) error { return errors.New("the database is down") }
	replica.permit.Store(&cannotTell)
	if got, err := replica.shake(a, "autoconfig.example.com"); err != nil || got != serial {
		t.Errorf("what another replica has ordered, while the source is down: got %s, %v", got, err)
	}
	for name, answer := range map[string]http.HandlerFunc{"dead": down, "lying": lies} {
		a.Break(answer)
		second := start(t, a, Directory(dir))
		second.permit.Store(&cannotTell)
		if got, err := second.shake(a, "autoconfig.example.com"); err != nil || got != serial {
			t.Errorf("with a %s authority: got %s, %v", name, got, err)
		}
		if _, err := second.shake(a, "autodiscover.example.com"); err == nil {
			t.Error("a name without a certificate is served")
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := first.shake(a, "autoconfig.example.com"); err != nil || got != serial {
		t.Errorf("without the storage: got %s, %v", got, err)
	}
	if a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}
}

// TestAFailedOrderWaits asks again and again for a name whose order fails, then for
// another one.
func TestAFailedOrderWaits(t *testing.T) {
	a := acmetest.New(t)
	var now atomic.Int64
	i := start(t, a, Directory(t.TempDir()), func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(now.Load())) }
		o.NoDNS = true
	})
	a.Break(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"type": "urn:ietf:params:acme:error:unauthorized", "detail": "no for ops@example.org"}`))
	})
	for range 5 {
		if _, err := i.shake(a, "autoconfig.example.com"); err == nil {
			t.Fatal("it is served")
		}
	}
	i.counted(map[string]int{Failed: 1})
	all, err := List(t.Context(), i.o.Store)
	if err != nil || len(all) != 1 || all[0].Name != "autoconfig.example.com" || !strings.Contains(all[0].LastError, "no for [contact]") {
		t.Errorf("the storage has %+v, %v", all, err)
	}
	a.Break(nil)
	if _, err := i.shake(a, "autodiscover.example.com"); err != nil {
		t.Errorf("another name: %v", err)
	}
	now.Store(int64(firstWait + time.Second))
	if _, err := i.shake(a, "autoconfig.example.com"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	i.counted(map[string]int{Failed: 1, Issued: 2})
	if all, err = List(t.Context(), i.o.Store); err != nil || len(all) != 2 || all[0].LastError != "" || all[0].RenewAt.IsZero() {
		t.Errorf("the storage has %+v, %v", all, err)
	}
}

// TestAFallbackIssues breaks the first authority.
func TestAFallbackIssues(t *testing.T) {
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	a, b := acmetest.New(t), acmetest.New(t, acmetest.EAB("id", key))
	a.Break(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	i := start(t, b, Directory(t.TempDir()), func(o *Options) {
		o.CAs = []CA{{Directory: a.URL, Roots: a.Server}, {Directory: b.URL, Roots: b.Server, EAB: &EAB{KeyID: "id", MACKey: key}}}
	})
	if _, err := i.shake(b, "autoconfig.example.com"); err != nil {
		t.Error(err)
	}
}

// TestDNSBeforeAnOrder has names that resolve to this server, to another one and to nothing.
func TestDNSBeforeAnOrder(t *testing.T) {
	a := acmetest.New(t)
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	hosts := acmetest.Hosts{
		"waymark.example.net": {here}, "autoconfig.example.com": {here}, "mapped.example.com": {netip.MustParseAddr("::ffff:192.0.2.1")},
		"autodiscover.example.com": {there}, "both.example.com": {here, there},
	}
	i := start(t, a, Directory(t.TempDir()), func(o *Options) {
		o.Resolver, o.Addresses = hosts, []string{"waymark.example.net", "2001:db8::1"}
	})
	for name, want := range map[string]string{
		"autoconfig": "", "mapped": "",
		"autodiscover": "it resolves to 192.0.2.2", "both": "it resolves to 192.0.2.2", "missing": "it has no address",
	} {
		err := i.leadsHere(t.Context(), address.Domain(name+".example.com"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := i.shake(a, "autodiscover.example.com"); err == nil || a.Orders() != 0 {
		t.Errorf("it leads elsewhere and is served, or ordered: %v, %d orders", err, a.Orders())
	}
	i.counted(map[string]int{Elsewhere: 1})
}

func TestBudget(t *testing.T) {
	b := budget{Limits: Limits{PerHour: 3, PerDomain: 2}}
	now := time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		name  address.Domain
		want  string
	}{
		{0, "autoconfig.example.co.uk", ""},
		{0, "autodiscover.example.co.uk", ""},
		{0, "ua-auto-config.example.co.uk", "2 for names below example.co.uk in a week"},
		{0, "autoconfig.other.co.uk", ""},
		{59 * time.Minute, "autoconfig.third.co.uk", "3 in the last hour"},
		{time.Minute, "autoconfig.third.co.uk", ""},
		{6 * 24 * time.Hour, "ua-auto-config.example.co.uk", "2 for names below example.co.uk in a week"},
		{24 * time.Hour, "ua-auto-config.example.co.uk", ""},
	} {
		now = now.Add(step.after)
		err := b.take(step.name, now)
		if step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("%s: got %v, want %q", step.name, err, step.want)
		}
	}
	if len(b.orders) > 5 {
		t.Errorf("%d orders are remembered", len(b.orders))
	}
}

// TestASpentBudget has one order in an hour, for two names.
func TestASpentBudget(t *testing.T) {
	a := acmetest.New(t)
	i := start(t, a, Directory(t.TempDir()), func(o *Options) { o.NoDNS, o.Limits = true, Limits{PerHour: 1, PerDomain: 1} })
	if _, err := i.shake(a, "autoconfig.example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := i.shake(a, "autodiscover.example.com"); err == nil {
		t.Error("the second name is served")
	}
	if a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}
	i.counted(map[string]int{Issued: 1, Limited: 1})
}

// TestFailuresAreBounded fails more names than are remembered.
func TestFailuresAreBounded(t *testing.T) {
	var f failures
	now := time.Now()
	for i := range maxFailures + 100 {
		f.ordered(address.Domain(fmt.Sprintf("autoconfig.name%d.example", i)), errNotYet, now)
	}
	if len(f.byName) != maxFailures {
		t.Errorf("%d names are remembered", len(f.byName))
	}
	for range 100 {
		f.ordered("a.example", errNotYet, now)
	}
	if until := f.byName["a.example"].until; until != now.Add(lastWait) {
		t.Errorf("waits until %s, want %s", until.Sub(now), lastWait)
	}
}

// TestALostHalfIsOrderedAgain kills a process between the writes of a first order, and
// of a renewal.
func TestALostHalfIsOrderedAgain(t *testing.T) {
	a := acmetest.New(t)
	dir := t.TempDir()
	i := start(t, a, Directory(dir))
	serial, err := i.shake(a, "autoconfig.example.com")
	if err != nil {
		t.Fatal(err)
	}
	certs, err := filepath.Glob(filepath.Join(dir, "certificates", "*", "*", "*.crt"))
	if err != nil || len(certs) != 1 {
		t.Fatal(certs, err)
	}
	key := strings.TrimSuffix(certs[0], ".crt") + ".key"
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.config.RenewCertSync(t.Context(), "autoconfig.example.com", true); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(key); err != nil || string(after) != string(before) {
		t.Errorf("a renewal changes the key, so that half of it would be unusable: %v", err)
	}
	if err := os.Remove(certs[0]); err != nil {
		t.Fatal(err)
	}
	again := start(t, a, Directory(dir))
	if got, err := again.shake(a, "autoconfig.example.com"); err != nil || got == serial {
		t.Errorf("got %s, %v", got, err)
	}
}
