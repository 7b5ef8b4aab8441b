package service

import (
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// BenchmarkEndpoints measures each endpoint through the whole router, with its
// metrics and its log line, without the network.
func BenchmarkEndpoints(b *testing.B) {
	const pox = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>anna@example.com</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
	cfg, findings := config.Parse("example", examples.Infomaniak(), config.Environment{})
	if findings.HasErrors() {
		b.Fatal(findings)
	}
	log, flush, err := telemetry.NewLogger("info", "json", io.Discard, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer flush()
	cfg.Limits.RequestsPerMinute, cfg.Limits.StrictPerMinute = math.MaxInt32, math.MaxInt32 // counted, and never refused
	h := Handler(cfg, Deps{Signer: testIdentity(b), Metrics: telemetry.NewMetrics("", ""), Log: log, Now: time.Now})
	for _, bm := range []struct{ name, method, target, body string }{
		{"autoconfig", "GET", "http://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com", ""},
		{"autoconfig-unknown-domain", "GET", "http://autoconfig.unknown.example/mail/config-v1.1.xml?emailaddress=anna%40unknown.example", ""},
		{"autodiscover-pox", "POST", "http://autodiscover.example.com/Autodiscover/Autodiscover.xml", pox},
		{"autodiscover-json", "GET", "http://autodiscover.example.com/autodiscover/autodiscover.json?Email=anna%40example.com&Protocol=AutodiscoverV1", ""},
		{"mobileconfig", "GET", "http://setup.example.com/profile.mobileconfig?email=anna%40example.com", ""},
		{"pacc", "GET", "http://ua-auto-config.example.com/.well-known/user-agent-configuration.json", ""},
		{"wellknown", "PROPFIND", "http://example.com/.well-known/caldav", ""},
		{"settings", "GET", "http://example.com/api/v1/settings?email=anna%40example.com", ""},
		{"page", "GET", "http://example.com/", ""},
		{"not-found", "GET", "http://example.com/nothing", ""},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := httptest.NewRequest(bm.method, bm.target, nil)
			r = r.WithContext(server.ConnContext(r.Context(), silent{}))
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0")
			b.ReportAllocs()
			for b.Loop() {
				if bm.body != "" {
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(bm.body)), int64(len(bm.body))
				}
				h.ServeHTTP(&discard{header: http.Header{}}, r)
			}
		})
	}
}

// silent is a connection that nothing is read from.
type silent struct{ net.Conn }

func (silent) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234} }

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
