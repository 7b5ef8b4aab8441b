package service

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestTraces: a request is one span with its lookup below, and nothing in it tells who
// asked about whom.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var exported bytes.Buffer
	var authorization string
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			exported.Write(body)
		}
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(collector.Close)
	const token = "an-api-token-of-forty-characters-0123456"
	h := start(t, settingsFor("mail.example.com", fmt.Sprintf("tracing: {endpoint: %q, sample: 1, headers: {authorization: \"Bearer of-the-collector\"}}\napi: {token: %s}", collector.URL, token)))
	at := "http://" + h.svc.Addr("http")
	h.autoconfig()
	h.get(at + "/api/v1/settings?email=" + url.QueryEscape("berta@unknown.example"))
	r, err := http.NewRequest(http.MethodGet, at+"/mail/config-v1.1.xml?emailaddress=carla@unknown.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Basic secret-of-carla")
	r.Header.Set("User-Agent", "agent-of-carla")
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	resp, err := h.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	h.stop() // exports what is queued
	mu.Lock()
	defer mu.Unlock()
	got := exported.String()
	for _, want := range []string{"GET /mail/config-v1.1.xml", "resolve", "GET /api/v1/settings", "waymark.outcome", "unknown_domain", "waymark.request_id"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the traces", want)
		}
	}
	if n := strings.Count(got, "GET /mail/config-v1.1.xml"); n != 2 {
		t.Errorf("%d requests for autoconfig are traced, want 2: a stranger decides", n)
	}
	for _, never := range []string{"anna", "berta", "carla", "unknown.example", "example.com", "127.0.0.1", "secret", token} {
		if strings.Contains(got, never) {
			t.Errorf("%q is in the traces", never)
		}
	}
	if authorization != "Bearer of-the-collector" {
		t.Errorf("the collector was sent %q", authorization)
	}
}

// TestCollectorIsDown: requests are answered, the log says once that spans are lost,
// without the header, and each of them is counted.
func TestCollectorIsDown(t *testing.T) {
	t.Parallel()
	collector := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(collector.Close)
	h := start(t, settingsFor("mail.example.com", fmt.Sprintf("tracing: {endpoint: %q, sample: 1, headers: {authorization: of-the-collector}}", collector.URL)))
	for range 20 {
		if !strings.Contains(h.autoconfig(), "mail.example.com") {
			t.Fatal("no answer")
		}
	}
	// Twenty requests with a lookup each. The library exports every five seconds.
	const lost = "# HELP waymark_trace_spans_lost_total Total number of spans of traces lost because the collector did not accept them in time.\n# TYPE waymark_trace_spans_lost_total counter\nwaymark_trace_spans_lost_total 40\n"
	h.eventually("each span is counted as lost", func() bool {
		return testutil.GatherAndCompare(h.metrics.Registry(), strings.NewReader(lost), "waymark_trace_spans_lost_total") == nil
	})
	lines := h.logs.FilterMessage("cannot export traces").All()
	if len(lines) != 1 || strings.Contains(fmt.Sprint(lines[0].ContextMap()), "of-the-collector") {
		t.Errorf("%+v", lines)
	}
}
