package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/dialect"
)

// TestTheMinuteSlides lets a client ask as often as it may, and looks when it may
// again.
func TestTheMinuteSlides(t *testing.T) {
	start := time.Date(2026, 11, 5, 14, 30, 0, 0, time.UTC)
	l := newLimiter(60)
	for i := range 60 {
		if l.over("a", start.Add(59*time.Second)) {
			t.Fatalf("request %d is one too many", i+1)
		}
	}
	for _, tc := range []struct {
		name   string
		client string
		after  time.Duration // since the full minute in which it asked
		over   bool
	}{
		{"at once", "a", 59 * time.Second, true},
		{"another client", "b", 59 * time.Second, false},
		{"in the next minute of the clock", "a", 60 * time.Second, true},
		{"when a second's worth has gone", "a", 61 * time.Second, false},
		{"and again: that was it", "a", 61 * time.Second, true},
		{"half a minute later", "a", 90 * time.Second, false},
		{"after a long time", "a", time.Hour, false},
	} {
		if got := l.over(tc.client, start.Add(tc.after)); got != tc.over {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	if newLimiter(0).refuses("192.0.2.1") {
		t.Error("no limit refuses")
	}
}

// TestRequestsAtOnce has two requests in progress, and a third.
func TestRequestsAtOnce(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	var asked atomic.Int64
	slow := dialect.Dialect{Name: "slow", Endpoints: []dialect.Endpoint{{Path: "/slow", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
		if asked.Add(1) <= 2 { // the others must not get here
			inside <- struct{}{}
			<-release
		}
		return dialect.PlainText(http.StatusOK, "done"), nil
	}}}}
	l := newLab(Options{RequestsAtOnce: 2, Dialects: []dialect.Dialect{slow}})
	ask := func() *httptest.ResponseRecorder { return l.do(httptest.NewRequest(http.MethodGet, "/slow", nil)) }
	answers := make(chan int)
	for range 2 {
		go func() { answers <- ask().Code }()
		<-inside
	}
	got := ask()
	if got.Code != 503 || got.Header().Get("Retry-After") != "1" || got.Body.String() != "too many requests at once; try again in a moment\n" {
		t.Errorf("the third got %d %v %s", got.Code, got.Header(), got.Body)
	}
	if got := l.do(httptest.NewRequest(http.MethodGet, "/seen", nil)); got.Code != 503 {
		t.Errorf("the third, of another protocol: %d", got.Code)
	}
	if !strings.Contains(l.metricsPage(), `waymark_requests_total{client="other",outcome="overloaded",protocol="slow"} 1`) {
		t.Error("it was not counted")
	}
	close(release)
	for range 2 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("one under way got %d", status)
		}
	}
	if got := l.do(httptest.NewRequest(http.MethodGet, "/seen", nil)); got.Code != 200 {
		t.Errorf("afterwards: %d", got.Code)
	}
}

// TestRefusalsInTheWordsOfTheProtocol makes the server itself refuse requests.
func TestRefusalsInTheWordsOfTheProtocol(t *testing.T) {
	words := dialect.Dialect{Name: "words", Fail: dialect.ProblemFailure, Endpoints: []dialect.Endpoint{
		{Path: "/words", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) { return dialect.PlainText(200, "x"), nil }},
	}}
	l := newLab(Options{RequestsPerMinute: 1, Dialects: []dialect.Dialect{words}})
	for _, tc := range []struct {
		name, method string
		status       int
		want         string
		header       map[string]string
	}{
		{"a method", "PUT", 405, `{"title":"Method Not Allowed","status":405,"detail":"this path answers GET, HEAD only"}`, map[string]string{"Allow": "GET, HEAD"}},
		{"one too many", "GET", 429, `{"title":"Too Many Requests","status":429,"detail":"too many requests from your address; try again in a minute"}`, map[string]string{"Retry-After": "60"}},
	} {
		got := l.do(httptest.NewRequest(tc.method, "/words", nil))
		if got.Code != tc.status || strings.TrimSpace(got.Body.String()) != tc.want || got.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", tc.name, got.Code, got.Header().Get("Content-Type"), got.Body)
		}
		for name, value := range tc.header {
			if got.Header().Get(name) != value {
				t.Errorf("%s: %s is %q", tc.name, name, got.Header().Get(name))
			}
		}
	}
}

func BenchmarkLimiter(b *testing.B) {
	for _, client := range []string{"192.0.2.1:1", "[2001:db8::1]:1"} {
		b.Run(client, func(b *testing.B) {
			l := newLab(Options{RequestsPerMinute: 1 << 30})
			r := httptest.NewRequest(http.MethodGet, "/tagged", nil)
			r.RemoteAddr = client
			b.ReportAllocs()
			for b.Loop() {
				l.handler.ServeHTTP(discard{http.Header{}}, r)
				l.logs.TakeAll()
			}
		})
	}
}
