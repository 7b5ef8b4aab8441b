package tracing_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/waymark-mail/waymark/internal/tracing"
)

// receiver is a collector that keeps what it gets.
type receiver struct {
	mu     sync.Mutex
	path   string
	header http.Header
	got    []*collector.ExportTraceServiceRequest
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	got := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(body, got)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path, c.header, c.got = r.URL.Path, r.Header, append(c.got, got)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// names returns the names of all spans.
func (c *receiver) names() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, request := range c.got {
		for _, of := range request.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					names = append(names, span.Name)
				}
			}
		}
	}
	return strings.Join(names, " ")
}

func TestExport(t *testing.T) {
	c := &receiver{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	tracer, err := tracing.New(t.Context(), tracing.Options{
		Endpoint: server.URL, Headers: map[string]string{"Authorization": "Bearer secret"}, Sample: 1,
		Lost: func(_ int, err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r, span := tracer.Request(httptest.NewRequest(http.MethodGet, "/", nil), false)
	_, step := tracing.Step(r.Context(), "step")
	step.End(false)
	span.Name("GET /x")
	span.End(true)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.names(); got != "step GET /x" {
		t.Fatalf("the collector got %q", got)
	}
	if c.path != "/v1/traces" || c.header.Get("Authorization") != "Bearer secret" {
		t.Errorf("%s, %v", c.path, c.header)
	}
	spans := c.got[0].ResourceSpans[0].ScopeSpans[0].Spans
	if string(spans[0].ParentSpanId) != string(spans[1].SpanId) || string(spans[0].TraceId) != string(spans[1].TraceId) {
		t.Error("the step is not below the request")
	}
}

// TestWhoDecidesAboutSampling: only a trusted proxy may have a request recorded.
func TestWhoDecidesAboutSampling(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, tc := range []struct {
		name     string
		sample   float64
		trusted  bool
		header   string
		recorded bool
	}{
		{"none of the requests", 0, false, "", false},
		{"all requests", 1, false, "", true},
		{"a stranger asks for it", 0, false, parent, false},
		{"a trusted proxy asks for it", 0, true, parent, true},
		{"a trusted proxy asks against it", 1, true, strings.TrimSuffix(parent, "1") + "0", false},
		{"a trusted proxy writes nonsense", 0, true, "00-x", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tracer, err := tracing.New(t.Context(), tracing.Options{Endpoint: "http://127.0.0.1:1/", Sample: tc.sample, Lost: func(int, error) {}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if tc.header != "" {
				r.Header.Set("traceparent", tc.header)
			}
			traced, span := tracer.Request(r, tc.trusted)
			_, step := tracing.Step(traced.Context(), "step")
			if span.Recorded() != tc.recorded || step.Recorded() != tc.recorded {
				t.Errorf("recorded: %v, step %v", span.Recorded(), step.Recorded())
			}
		})
	}
}

func TestNoTracer(t *testing.T) {
	var none *tracing.Tracer
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	same, span := none.Request(r, true)
	if same != r || span.Recorded() {
		t.Error("the nil tracer records")
	}
	span.Name("x")
	span.Set("x", "y")
	span.SetNumber("x", 1)
	span.End(true)
	if err := none.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCollectorThatHangs: no request waits, whatever is queued, and the end does not
// either. Spans that do not fit into the queue are counted.
func TestCollectorThatHangs(t *testing.T) {
	const spans, queued = 20_000, 2048
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	var lost atomic.Int64
	tracer, err := tracing.New(t.Context(), tracing.Options{Endpoint: server.URL, Sample: 1, Lost: func(n int, _ error) { lost.Add(int64(n)) }})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range spans {
			_, span := tracer.Request(r, false)
			span.End(false)
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("requests wait for the collector")
	}
	if n := lost.Load(); n < spans-queued || n > spans {
		t.Errorf("%d of %d spans are counted as lost", n, spans)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tracer.Close(ctx); err == nil {
		t.Error("the end reports no loss")
	}
}

func TestBadEndpoint(t *testing.T) {
	if _, err := tracing.New(t.Context(), tracing.Options{Endpoint: "http://[::1"}); err == nil || strings.Contains(err.Error(), "[::1") {
		t.Errorf("%v", err)
	}
}
