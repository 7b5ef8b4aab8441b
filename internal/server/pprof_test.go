package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestPprof: the profiles are there for whoever asks for them, and for nobody
// else; the rest of the listener stays as it is.
func TestPprof(t *testing.T) {
	var ready Readiness
	plain := NewOps(Ops{Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready})
	asked := NewOps(Ops{Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready, Pprof: true})
	for _, tt := range []struct {
		name    string
		handler http.Handler
		path    string
		status  int
	}{
		{"not asked for", plain, "/debug/pprof/", 404},
		{"not asked for, a profile", plain, "/debug/pprof/heap", 404},
		{"the list", asked, "/debug/pprof/", 200},
		{"memory", asked, "/debug/pprof/heap", 200},
		{"goroutines", asked, "/debug/pprof/goroutine?debug=1", 200},
		{"command line", asked, "/debug/pprof/cmdline", 200},
		{"no such profile", asked, "/debug/pprof/nonsense", 404},
		{"health", asked, "/healthz", 200},
		{"metrics", asked, "/metrics", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			tt.handler.ServeHTTP(rec, httptest.NewRequest("GET", tt.path, nil))
			if rec.Code != tt.status {
				t.Errorf("status %d, want %d", rec.Code, tt.status)
			}
		})
	}
}

// TestAProfileIsOne reads a profile as go tool pprof does: a compressed file
// that is not empty.
func TestAProfileIsOne(t *testing.T) {
	rec := httptest.NewRecorder()
	var ready Readiness
	NewOps(Ops{Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready, Pprof: true}).ServeHTTP(rec, httptest.NewRequest("GET", "/debug/pprof/allocs", nil))
	packed, err := gzip.NewReader(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(packed); err != nil || len(raw) == 0 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}
