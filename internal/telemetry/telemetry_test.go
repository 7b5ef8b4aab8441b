package telemetry

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
)

func TestClientFamily(t *testing.T) {
	for _, tc := range []struct{ userAgent, want string }{
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0", "thunderbird"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Thunderbird/140.4.0", "thunderbird"},
		{"okhttp/4.12.0", "thunderbird-android"},
		{"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)", "outlook"},
		{"OutlookMobileCloudService-Autodetect/1.0.0", "outlook"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "apple"},
		{"iOS/18.1 (22B83) dataaccessd/1.0", "apple"},
		{"Evolution/3.54.1", "evolution"},
		{"eu.faircode.email/1.2275", "fairemail"},
		{"Nextcloud Mail", "nextcloud"},
		{"curl/8.5.0", "other"},
		{"", "other"},
	} {
		if got := ClientFamily(tc.userAgent); got != tc.want {
			t.Errorf("ClientFamily(%q) = %s, want %s", tc.userAgent, got, tc.want)
		}
	}
}

// TestMetricNames pins the metric names, a contract with dashboards and alerts.
func TestMetricNames(t *testing.T) {
	m := NewMetrics("v1.2.3", "abc")
	m.Request("autoconfig", "thunderbird", "ok", 3*time.Millisecond)
	m.Lookup("file", "found")
	m.Lookup("customers", "stale")
	m.LookupTook("customers", 3*time.Millisecond)
	m.CacheAnswer("hit")
	m.Reloaded(time.Unix(1_700_000_000, 0))
	m.Domains(7)
	m.SigningCertificate("loaded")
	m.SigningIdentity("default", time.Unix(1_800_000_000, 0))
	m.TLSCertificate("loaded")
	m.TLSNotAfter(time.Unix(1_800_000_000, 0))

	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	page := rec.Body.String()
	for _, want := range []string{
		`waymark_requests_total{client="thunderbird",outcome="ok",protocol="autoconfig"} 1`,
		`waymark_request_duration_seconds_bucket{protocol="autoconfig",le="0.005"} 1`,
		`waymark_directory_lookups_total{result="found",source="file"} 1`,
		`waymark_directory_lookups_total{result="stale",source="customers"} 1`,
		`waymark_directory_lookup_duration_seconds_bucket{source="customers",le="0.005"} 1`,
		`waymark_directory_cache_total{result="hit"} 1`,
		`waymark_config_last_reload_successful 1`,
		`waymark_config_last_reload_success_timestamp_seconds 1.7e+09`,
		`waymark_config_domains 7`,
		`waymark_signing_certificate_not_after_timestamp_seconds{identity="default"} 1.8e+09`,
		`waymark_tls_certificate_not_after_timestamp_seconds 1.8e+09`,
		`waymark_signing_certificates_total{result="loaded"} 1`,
		`waymark_tls_certificates_total{result="loaded"} 1`,
		`version="v1.2.3"`,
	} {
		if strings.HasPrefix(want, "waymark") {
			want = "\n" + want // not the name in a help text
		}
		if !strings.Contains(page, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	problems, err := testutil.GatherAndLint(m.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}

	m.ReloadFailed()
	if got := testutil.ToFloat64(m.reloadSuccessful); got != 0 {
		t.Errorf("after a failed reload the gauge is %v", got)
	}
	if got := testutil.ToFloat64(m.domains); got != 7 {
		t.Errorf("a failed reload changed the number of domains to %v", got)
	}
}

func TestNewLogger(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := NewLogger("info", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("not shown")
	log.Info("shown", zap.Int("n", 1))
	flush()
	if got := out.String(); !strings.Contains(got, `"msg":"shown","n":1}`) || strings.Contains(got, "not shown") {
		t.Errorf("log is %q", got)
	}
	if _, _, err := NewLogger("loud", "json", &out, nil); err == nil || !strings.Contains(err.Error(), "debug, info, warn, error") {
		t.Errorf("an unknown level gives %v", err)
	}
	if _, _, err := NewLogger("info", "xml", &out, nil); err == nil || !strings.Contains(err.Error(), "json, console") {
		t.Errorf("an unknown format gives %v", err)
	}
}

func BenchmarkRequest(b *testing.B) {
	m := NewMetrics("", "")
	b.ReportAllocs()
	for b.Loop() {
		m.Request("autoconfig", ClientFamily("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0"), "ok", time.Millisecond)
	}
}

// BenchmarkCacheAnswer is on the way of every request that a source answers.
func BenchmarkCacheAnswer(b *testing.B) {
	m := NewMetrics("", "")
	b.ReportAllocs()
	for b.Loop() {
		m.CacheAnswer("hit")
	}
}
