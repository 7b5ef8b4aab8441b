package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
)

const benchCA = "https://acme.invalid/dir"

// offline is a Manager whose authority must not be asked.
func offline(tb testing.TB, permit func(context.Context, address.Domain) error) *Manager {
	tb.Helper()
	m := New(Options{
		Email: "ops@example.org", CAs: []CA{{Directory: benchCA}}, Store: Directory(tb.TempDir()), Log: zap.NewNop(), Now: time.Now,
		Count: func(result string) {
			if result != Unknown {
				tb.Error(result)
			}
		},
		NotAfter: func(time.Time) {},
		Permit:   permit,
		Client:   func(ctx context.Context, _ string) context.Context { return ctx },
		Default:  func() address.Domain { return "" },
		Limits:   Limits{PerHour: 1, PerDomain: 1},
	})
	tb.Cleanup(m.Close)
	return m
}

// hello is a handshake of a client that offers what current ones do.
func hello(conn net.Conn, name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, Conn: conn, SupportedProtos: []string{"h2", "http/1.1"}}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAbusedHandshakesLeaveNothing asks for 10,000 names of unknown domains, also as an
// authority that validates them, and for random ones.
func TestAbusedHandshakesLeaveNothing(t *testing.T) {
	m := offline(t, func(context.Context, address.Domain) error { return settings.ErrUnknownDomain })
	conn, _ := net.Pipe()
	defer func() { _ = conn.Close() }()
	before := heap()
	for i := range 10_000 {
		for _, name := range []string{fmt.Sprintf("autoconfig.name%d.example", i), fmt.Sprintf("%d", i), ""} {
			for _, protocol := range []string{"h2", Protocol} {
				h := hello(conn, name)
				h.SupportedProtos = []string{protocol}
				if c, err := m.GetCertificate(h); c != nil || err != nil {
					t.Fatalf("%q: got %v, %v", name, c, err)
				}
			}
		}
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	if keys, err := m.o.Store.List(t.Context(), "", true); err == nil && len(keys) > 0 {
		t.Errorf("the storage has %v", keys)
	}
}

// TestTooManyNamesAtOnce has more names wait for a slow storage than may.
func TestTooManyNamesAtOnce(t *testing.T) {
	m := offline(t, func(context.Context, address.Domain) error { return nil })
	busy := 0
	m.o.Count = func(result string) {
		if result == Limited {
			busy++
		}
	}
	m.mu.Lock()
	for i := range maxFlights {
		m.flights[address.Domain(fmt.Sprintf("autoconfig.name%d.example", i))] = &flight{done: make(chan struct{})}
	}
	m.mu.Unlock()
	conn, _ := net.Pipe()
	defer func() { _ = conn.Close() }()
	if _, err := m.GetCertificate(hello(conn, "autoconfig.one.more.example")); !errors.Is(err, errBusy) || busy != 1 {
		t.Errorf("got %v, counted %d", err, busy)
	}
}

// BenchmarkAbusedHandshake is what a handshake for an unknown name costs before the
// alert.
func BenchmarkAbusedHandshake(b *testing.B) {
	m := offline(b, func(context.Context, address.Domain) error { return settings.ErrUnknownDomain })
	conn, _ := net.Pipe()
	defer func() { _ = conn.Close() }()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if c, err := m.GetCertificate(hello(conn, fmt.Sprintf("autoconfig.name%d.example", i))); c != nil || err != nil {
			b.Fatal(c, err)
		}
	}
}

// BenchmarkHeld5000 holds the certificates of 5,000 names: the memory that they take,
// the time to load them, and whole handshakes over loopback.
func BenchmarkHeld5000(b *testing.B) {
	const names = 5000
	// Files in memory, where there are some: the disk is not measured.
	if _, err := os.Stat("/dev/shm"); err == nil {
		b.Setenv("TMPDIR", "/dev/shm")
	}
	m := offline(b, func(context.Context, address.Domain) error { return nil })
	ca := certtest.Authority("Bench Root", nil)
	if err := acmetest.Fill(m.o.Store.(*certmagic.FileStorage).Path, benchCA, &ca, names); err != nil {
		b.Fatal(err)
	}
	before, started := heap(), time.Now()
	m.loadAll()
	loaded := time.Since(started)
	memory := heap() - before
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: m.GetCertificate})
	if err != nil {
		b.Fatal(err)
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer func() { _ = l.Close() }()
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				_ = conn.(*tls.Conn).Handshake()
				_ = conn.Close()
			})
		}
	})
	trust := &tls.Config{RootCAs: ca.Pool()}
	for i := 0; b.Loop(); i++ {
		c := trust.Clone()
		c.ServerName = acmetest.Name(i % names)
		conn, err := tls.Dial("tcp", l.Addr().String(), c)
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
	}
	b.ReportMetric(float64(memory)/names/1024, "KB/name")
	b.ReportMetric(loaded.Seconds(), "s/load")
}
