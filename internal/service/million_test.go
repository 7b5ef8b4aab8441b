package service

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// To fill a database with a million domains takes some seconds, so that it has
// to be asked for:
//
//	go test ./internal/service -run '^$' -bench Domains -domains 1000000
var domains = flag.Int("domains", 10_000, "how many domains BenchmarkDomains puts into each database")

// BenchmarkDomains measures a service whose customers are in a database:
// cached answers, new lookups, a start until the
// first answer, and what the process holds after a long day.
func BenchmarkDomains(b *testing.B) {
	for _, database := range []struct {
		name string
		fill func(testing.TB, int) company
	}{{"sqlite", newSQLiteCompany}, {"postgres", newPostgreSQLCompany}} {
		b.Run(database.name, func(b *testing.B) {
			c := database.fill(b, *domains)
			b.Run("cached", c.cached)
			b.Run("cold", c.cold)
			b.Run("start", c.start)
			b.Run("load", c.load)
		})
	}
}

// kind is customers whose answers cost the same work, by number.
type kind struct {
	name, more string // more keys of the source
	query      func(int) settings.Query
}

func (c company) kinds() []kind {
	return []kind{
		{"plain", "", func(i int) settings.Query { return from("bert", c.domain(10*i)) }},
		{"own-host", "", func(i int) settings.Query { return from("bert", c.domain(10*i+5)) }},
		{"unknown", "", func(i int) settings.Query { return from("anna", address.Domain(fmt.Sprintf("nobody-%d.example", i))) }},
		{"login", "mailboxes: true\n    public_logins: true", func(i int) settings.Query { return from("anna", c.domain(10*i)) }},
	}
}

// cached asks again and again about a thousand customers of each kind.
func (c company) cached(b *testing.B) {
	for _, kind := range c.kinds() {
		b.Run(kind.name, func(b *testing.B) {
			d := openDirectory(b, parsed(b, c.settings(kind.more)))
			defer d.close(b)
			var queries []settings.Query
			for i := range 1000 {
				queries = append(queries, kind.query(i))
				c.resolve(b, d, queries[i])
			}
			ctx, i := b.Context(), 0
			b.ReportAllocs()
			for b.Loop() {
				_, _ = d.Resolve(ctx, queries[i%len(queries)])
				i++
			}
		})
	}
}

// cold asks about a domain that was never asked for.
func (c company) cold(b *testing.B) {
	cfg := parsed(b, c.settings(""))
	d, i := openDirectory(b, cfg), 0
	defer func() { d.close(b) }()
	c.resolve(b, d, from("anna", "customer.example")) // connects
	b.ReportAllocs()
	for b.Loop() {
		if i == c.size { // every domain was looked up once
			b.StopTimer()
			d.close(b)
			d, i = openDirectory(b, cfg), 0
			b.StartTimer()
		}
		c.resolve(b, d, from("anna", c.scattered(i)))
		i++
	}
}

func (c company) resolve(tb testing.TB, d opened, q settings.Query) {
	if _, err := d.Resolve(tb.Context(), q); err != nil && !errors.Is(err, settings.ErrUnknownDomain) {
		tb.Fatal(err)
	}
}

// start reads the settings, opens everything and answers the first customer.
func (c company) start(b *testing.B) {
	dir := b.TempDir()
	file := filepath.Join(dir, "waymark.yaml")
	if err := os.WriteFile(file, []byte(c.settings("")), 0o600); err != nil {
		b.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	start := func() (stop func()) {
		svc := serve(b, file, dir)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- svc.Run(ctx) }()
		resp, err := client.Get("http://" + svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape("anna@customer.example"))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status)
		}
		return func() {
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
	start()() // the first start of all makes the signing identity
	for b.Loop() {
		stop := start()
		b.StopTimer()
		stop()
		b.StartTimer()
	}
}

func serve(tb testing.TB, file, dir string) *Service {
	tb.Helper()
	svc, err := newService(tb.Context(), file, dir, telemetry.NewMetrics("", ""), zap.NewNop())
	if err != nil {
		tb.Fatal(err)
	}
	return svc
}

func newService(ctx context.Context, file, dir string, metrics *telemetry.Metrics, log *zap.Logger) (*Service, error) {
	load := func() (*config.Config, config.Findings) {
		return config.Load(file, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	}
	cfg, findings := load()
	if findings.HasErrors() {
		return nil, fmt.Errorf("%v", findings)
	}
	return New(ctx, cfg, findings, Options{Load: load, StateDir: dir, Metrics: metrics, Log: log})
}

// load asks a service that runs in a process of its own about as many domains
// as there are, and reports the most memory that it ever held: after questions
// to the directory alone, for domains and for logins, and after whole requests.
func (c company) load(b *testing.B) {
	for _, bm := range []struct{ name, more, whole string }{
		{"domains", "", ""}, {"logins", "mailboxes: true\n    public_logins: true", ""}, {"requests", "", "yes"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "waymark.yaml")
			if err := os.WriteFile(file, []byte(c.settings(bm.more)), 0o600); err != nil {
				b.Fatal(err)
			}
			self, err := os.Executable()
			if err != nil {
				b.Fatal(err)
			}
			var h held
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), self)
				cmd.Env = append(os.Environ(), loadSettings+"="+file, loadDomains+"="+strconv.Itoa(c.size), loadWhole+"="+bm.whole)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				if err := json.Unmarshal(out, &h); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op") // meaningless here
			for unit, value := range h {
				b.ReportMetric(value, unit)
			}
		})
	}
}
