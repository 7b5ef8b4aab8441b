package acmetest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
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

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Authority is an ACME authority.
type Authority struct {
	URL    string         // of its directory
	Server *x509.CertPool // what clients trust when they talk to it
	Root   *x509.CertPool // what it issues below

	orders atomic.Int64
	broken atomic.Pointer[http.HandlerFunc]
	held   atomic.Pointer[hold]
	advice atomic.Pointer[string]
	serve  atomic.Pointer[http.Handler]
	root   *x509.Certificate
	server *x509.Certificate
	issuer *ca.CAImpl
	store  *db.MemoryStore
	dns    string
	eab    bool
}

// Option changes an Authority.
type Option func(*options)

type options struct {
	lifetime time.Duration
	eab      map[string]string
	resolver string
}

// Lifetime is how long its certificates are valid, in whole seconds.
func Lifetime(d time.Duration) Option { return func(o *options) { o.lifetime = d } }

// EAB accepts accounts with this external account binding alone. The key is base64url.
func EAB(keyID, hmacKey string) Option {
	return func(o *options) { o.eab = map[string]string{keyID: hmacKey} }
}

// Resolver has it ask this DNS server, over TCP.
func Resolver(addr string) Option { return func(o *options) { o.resolver = addr } }

// New starts an authority. It answers nothing before Validate.
func New(t testing.TB, opts ...Option) *Authority {
	t.Helper()
	setenv(t, "PEBBLE_VA_NOSLEEP", "1")
	setenv(t, "PEBBLE_WFE_NONCEREJECT", "0")
	o := options{lifetime: 90 * 24 * time.Hour}
	for _, opt := range opts {
		opt(&o)
	}
	a := &Authority{store: db.NewMemoryStore(), Root: x509.NewCertPool(), Server: x509.NewCertPool(), eab: o.eab != nil, dns: o.resolver}
	if a.dns == "" {
		a.dns = nameServer(t)
	}
	for id, key := range o.eab {
		if err := a.store.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	quiet := log.New(io.Discard, "", 0)
	a.issuer = ca.New(quiet, a.store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(o.lifetime / time.Second)}})
	a.root = a.issuer.GetRootCert(0).Cert
	a.Root.AddCert(a.root)
	server := httptest.NewTLSServer(a)
	t.Cleanup(server.Close)
	a.URL, a.server = server.URL+wfe.DirectoryPath, server.Certificate()
	a.Server.AddCert(a.server)
	return a
}

func setenv(t testing.TB, name, value string) {
	t.Helper()
	if err := os.Setenv(name, value); err != nil { //nolint:usetesting // the same for all tests, also for parallel ones
		t.Fatal(err)
	}
}

// Validate has the authority validate names at these ports of loopback.
func (a *Authority) Validate(httpPort, tlsPort int) {
	quiet := log.New(io.Discard, "", 0)
	validator := va.New(quiet, httpPort, tlsPort, true, a.dns, a.store)
	front := wfe.New(quiet, a.store, validator, a.issuer, nil, true, a.eab, 0, 0)
	handler := front.Handler()
	a.serve.Store(&handler)
}

// ServeHTTP answers ACME clients.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if broken := a.broken.Load(); broken != nil {
		(*broken)(w, r)
		return
	}
	if h := a.held.Load(); h != nil && strings.HasPrefix(r.URL.Path, h.path) {
		h.once.Do(func() { close(h.reached) })
		<-h.released
	}
	if advice := a.advice.Load(); advice != nil && strings.Contains(r.URL.Path, "/renewalInfo/") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, *advice)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/order-plz") {
		a.orders.Add(1)
	}
	if serve := a.serve.Load(); serve != nil {
		(*serve).ServeHTTP(w, r)
	}
}

// Orders returns how many orders were made.
func (a *Authority) Orders() int { return int(a.orders.Load()) }

// Break lets answer replace the authority; nil restores it.
func (a *Authority) Break(answer http.HandlerFunc) {
	if answer == nil {
		a.broken.Store(nil)
		return
	}
	a.broken.Store(&answer)
}

// Suggest has the authority suggest when all certificates are renewed (RFC 9773).
func (a *Authority) Suggest(from, until time.Time) {
	advice := fmt.Sprintf(`{"suggestedWindow": {"start": %q, "end": %q}}`, from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	a.advice.Store(&advice)
}

// Steps of an order, for Hold.
const (
	Finalize = "/finalize-order/" // all names are validated
	Download = "/certZ/"          // the certificate is issued
)

type hold struct {
	path              string
	once              sync.Once
	reached, released chan struct{}
}

// Hold keeps ACME clients waiting at a step of an order until release. When the first
// one waits, reached is closed.
func (a *Authority) Hold(step string) (reached <-chan struct{}, release func()) {
	h := &hold{path: step, reached: make(chan struct{}), released: make(chan struct{})}
	a.held.Store(h)
	return h.reached, func() {
		a.held.Store(nil)
		close(h.released)
	}
}

// WriteServer writes what clients trust when they talk to the authority, and returns
// the path of the PEM file.
func (a *Authority) WriteServer(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "acme-roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// nameServer resolves every name to loopback, for the authority.
func nameServer(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		reply := new(dns.Msg).SetReply(r)
		if q := r.Question[0]; q.Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(reply)
	})}
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Hosts is a resolver with these names alone.
type Hosts map[string][]netip.Addr

// LookupNetIP implements the resolver.
func (h Hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	found, ok := h[strings.TrimSuffix(host, ".")]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return append([]netip.Addr(nil), found...), nil
}
