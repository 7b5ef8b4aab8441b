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
	go func() { served <- g.Serve(ctx, 10*time.Second) }()

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

func TestOps(t *testing.T) {
	var ready Readiness
	h := NewOps(Ops{Metrics: telemetry.NewMetrics("", ""), Ready: &ready})
	status := func(path string) int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		return rec.Code
	}
	if got := status("/healthz"); got != 200 {
		t.Errorf("/healthz: %d", got)
	}
	if got := status("/readyz"); got != 503 {
		t.Errorf("/readyz before anything is served: %d", got)
	}
	ready.Set(true)
	if got := status("/readyz"); got != 200 {
		t.Errorf("/readyz: %d", got)
	}
	if got := status("/metrics"); got != 200 {
		t.Errorf("/metrics: %d", got)
	}
}
