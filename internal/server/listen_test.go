package server

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

func TestStopLetsRequestsUnderWayFinish(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-release
		_, _ = io.WriteString(w, "finished")
	})
	g, err := Listen(t.Context(), []Listener{{Name: "http", Address: "127.0.0.1:0", Handler: slow}}, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, Stop{Grace: time.Millisecond, Drain: 10 * time.Second}) }()

	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + g.Addr("http"))
		if err != nil {
			got <- err.Error()
			return
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			got <- err.Error()
			return
		}
		got <- string(body)
	}()
	<-inside
	stop()
	select {
	case err := <-served:
		t.Fatalf("stopped with a request under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if body := <-got; body != "finished" {
		t.Errorf("the request got %q", body)
	}
	if err := <-served; err != nil {
		t.Errorf("a clean stop returns %v", err)
	}
}

// TestStopServesWhatArrives sends requests after the stop began: on a connection
// that was idle, and on a new one. Their answers announce the end, and Serve
// returns when both have ended.
func TestStopServesWhatArrives(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	g, err := Listen(t.Context(), []Listener{{Name: "http", Address: "127.0.0.1:0", Handler: hello}}, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, Stop{Grace: time.Minute, Drain: time.Minute}) }()
	idle := dial(t, g.Addr("http"))
	idle.ask("/")
	if _, last := idle.readWhetherLast(); last {
		t.Error("the end is announced before the stop")
	}
	stop()
	for !g.listeners[0].last.Load() {
		time.Sleep(time.Millisecond)
	}
	for i, c := range []client{dial(t, g.Addr("http")), idle} {
		c.ask("/")
		if status, last := c.readWhetherLast(); status != http.StatusOK || !last || !c.ended() {
			t.Errorf("connection %d: %d, announced as the last: %v", i, status, last)
		}
	}
	if err := <-served; err != nil {
		t.Errorf("a clean stop returns %v", err)
	}
}

func TestAPortThatIsTakenIsSaidAtOnce(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	first, err := Listen(t.Context(), []Listener{{Name: "http", Address: "127.0.0.1:0"}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.close() }()
	_, err = Listen(t.Context(), []Listener{{Name: "ops", Address: "127.0.0.1:0"}, {Name: "http", Address: first.Addr("http")}}, quiet)
	if err == nil || !strings.Contains(err.Error(), "the http listener cannot open "+first.Addr("http")) {
		t.Errorf("got %v", err)
	}
}

func TestSwitchNeverShowsHalf(t *testing.T) {
	var s Switch
	version := func(v string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, v)
			_, _ = io.WriteString(w, v)
		})
	}
	s.To(version("a"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
				if got := rec.Body.String(); got != "aa" && got != "bb" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	for i := range 500 {
		s.To(version(string("ab"[i%2])))
	}
	wg.Wait()
}

// TestOps pins that the ops listener has the writer of the public one, and that
// probes and scrapers are neither counted nor logged.
func TestOps(t *testing.T) {
	var ready Readiness
	core, logs := observer.New(zapcore.DebugLevel)
	metrics := telemetry.NewMetrics("", "")
	h := NewOps(Ops{Hosts: []address.Domain{"example.com"}, Metrics: metrics, Log: zap.New(core), Ready: &ready, Reload: func(bool) []string { return nil }, Token: "secret"})
	for _, tc := range []struct {
		method, path, token string
		ready               bool
		status              int
		outcome             string // "" for what is not counted
	}{
		{"GET", "/healthz", "", false, 200, ""},
		{"HEAD", "/healthz", "", false, 200, ""},
		{"GET", "/readyz", "", false, 503, ""},
		{"GET", "/readyz", "", true, 200, ""},
		{"GET", "/metrics", "", true, 200, ""},
		{"POST", "/metrics", "", true, 405, "method_not_allowed"},
		{"GET", "/-/reload", "", true, 405, "method_not_allowed"},
		{"POST", "/-/reload", "", true, 403, "forbidden"},
		{"POST", "/-/reload", "Bearer secret", true, 200, "ok"},
		{"GET", "/elsewhere", "", true, 404, "not_found"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			ready.Set(tc.ready)
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Authorization", tc.token)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != tc.status || (rec.Header().Get("Allow") != "") != (tc.status == 405) {
				t.Errorf("%d, Allow %q", rec.Code, rec.Header().Get("Allow"))
			}
			if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("X-Content-Type-Options") != "nosniff" || (rec.Header().Get("X-Request-Id") != "") != (tc.status >= 400) {
				t.Errorf("the header is %v", rec.Header())
			}
			entries := logs.TakeAll()
			if tc.outcome == "" {
				if len(entries) != 0 {
					t.Errorf("logged %v", entries)
				}
				return
			}
			if len(entries) != 1 || entries[0].ContextMap()["outcome"] != tc.outcome || entries[0].ContextMap()["protocol"] != "ops" {
				t.Errorf("logged %v, want outcome %s", entries, tc.outcome)
			}
		})
	}
	rec := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if n := strings.Count(rec.Body.String(), "waymark_requests_total{"); n != 4 || !strings.Contains(rec.Body.String(), `waymark_requests_total{client="other",outcome="method_not_allowed",protocol="ops"} 2`) {
		t.Errorf("%d series of requests in\n%s", n, rec.Body)
	}
}
