package scale

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestFiveThousandCertificates measures full handshakes with a Waymark that holds the
// certificates of 5,000 names: the first one of each name, then as many as it can. The
// limits are those of a busy machine; docs/performance.md has the figures.
func TestFiveThousandCertificates(t *testing.T) {
	waymark.Binary(t)
	const names, clients, authority = 5000, 4, "https://acme.invalid/directory"
	ca, state := certtest.Authority("Scale Root", nil), t.TempDir()
	if err := acmetest.Fill(filepath.Join(state, "acme"), authority, &ca, names); err != nil {
		t.Fatal(err)
	}
	var settings strings.Builder
	fmt.Fprintf(&settings, `listen: "127.0.0.1:0"
tls: {listen: "127.0.0.1:0", acme: {email: ops@example.org, directory: %q, check_dns: false}}
ops: {listen: off}
limits: {requests_per_minute: 0, connections: 1000}
providers:
  one:
    services: [{protocol: imap, host: mail.hoster.example}, {protocol: submission, host: mail.hoster.example}]
domains:
`, authority)
	for i := range names {
		fmt.Fprintf(&settings, "  name%d.example: {provider: one}\n", i)
	}
	w := waymark.Start(t, settings.String(), "STATE_DIRECTORY="+state)

	trust := &tls.Config{RootCAs: ca.Pool()}
	// handshakes shakes hands until there is no next name, and returns what each took.
	handshakes := func(next func() (int, bool)) []time.Duration {
		var took []time.Duration
		var mu sync.Mutex
		var all sync.WaitGroup
		for range clients {
			all.Go(func() {
				for i, more := next(); more; i, more = next() {
					config := trust.Clone()
					config.ServerName = acmetest.Name(i % names)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					begun := time.Now()
					conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", w.HTTPS)
					cancel()
					if err != nil {
						t.Errorf("%s: %v", config.ServerName, err)
						return
					}
					mu.Lock()
					took = append(took, time.Since(begun))
					mu.Unlock()
					_ = conn.Close()
				}
			})
		}
		all.Wait()
		slices.Sort(took)
		return took
	}
	var n atomic.Int64
	first := handshakes(func() (int, bool) {
		i := int(n.Add(1)) - 1
		return i, i < names
	})
	if t.Failed() {
		t.FailNow()
	}
	t.Logf("the first handshake of a name: median %.1f ms, p99 %.1f ms", first[names/2].Seconds()*1000, first[names*99/100].Seconds()*1000)

	const run = 5 * time.Second
	begun, cpu := time.Now(), w.CPU(t)
	later := handshakes(func() (int, bool) { return int(n.Add(1)), time.Since(begun) < run })
	lasted := time.Since(begun).Seconds()
	computed := (w.CPU(t) - cpu).Seconds()
	rate := float64(len(later)) / lasted
	t.Logf("then %.0f handshakes/s with the clients on the same machine, %.0f for each second of CPU time of Waymark, p99 %.1f ms",
		rate, float64(len(later))/computed, later[len(later)*99/100].Seconds()*1000)
	memory := w.Memory(t)
	t.Logf("memory: %d MB, at most %d MB", memory/1e6, w.PeakMemory(t)/1e6)
	if rate < 50 {
		t.Error("fewer than 50 handshakes in a second")
	}
	if memory > 200e6 {
		t.Error("more than 200 MB of memory")
	}
}
