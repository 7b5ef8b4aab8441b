package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
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

// TestRequestsAtOnce has four requests allowed at once. One client gets two, as
// many as remain for others, who get the rest.
func TestRequestsAtOnce(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	slow := dialect.Dialect{Name: "slow", Endpoints: []dialect.Endpoint{{Path: "/slow", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
		inside <- struct{}{}
		<-release
		return dialect.PlainText(http.StatusOK, "done"), nil
	}}}}
	proxy := netip.MustParsePrefix("198.51.100.1/32")
	l := newLab(Options{RequestsAtOnce: 4, Dialects: []dialect.Dialect{slow}, TrustedProxies: []netip.Prefix{proxy}})
	ask := func(path, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from + ":1"
		if from == "" {
			r.RemoteAddr = "198.51.100.1:1"
			r.Header.Set("X-Forwarded-For", "2001:db8::1:2:3:4")
		}
		return l.do(r)
	}
	answers := make(chan int)
	begin := func(from string) {
		go func() { answers <- ask("/slow", from).Code }()
		<-inside
	}
	const greedy = "[2001:db8::1]"
	begin(greedy)
	begin(greedy)
	for name, from := range map[string]string{"the same": greedy, "its network": "[2001:db8::2]", "its network, through a proxy": ""} {
		got := ask("/seen", from)
		if got.Code != 503 || got.Header().Get("Retry-After") != "1" || got.Body.String() != "too many requests at once; try again in a moment\n" {
			t.Errorf("%s got %d %v %s", name, got.Code, got.Header(), got.Body)
		}
	}
	for _, other := range []string{"192.0.2.1", "192.0.2.2"} {
		if got := ask("/seen", other); got.Code != 200 {
			t.Errorf("another client got %d", got.Code)
		}
		begin(other)
	}
	if got := ask("/seen", "192.0.2.3"); got.Code != 503 {
		t.Errorf("the fifth got %d", got.Code)
	}
	if !strings.Contains(l.metricsPage(), `waymark_requests_total{client="other",outcome="overloaded",protocol="toy"} 4`) {
		t.Error("they were not counted")
	}
	close(release)
	for range 4 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("one under way got %d", status)
		}
	}
	if got := ask("/seen", greedy); got.Code != 200 {
		t.Errorf("afterwards: %d", got.Code)
	}
}

// TestStreamsAtOnce has a client open HTTP/2 requests that wait for it. Refusals
// have no body, which would wait as well.
func TestStreamsAtOnce(t *testing.T) {
	l := newLab(Options{RequestsAtOnce: 4})
	open := func(proto int, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/seen", nil)
		r.ProtoMajor, r.RemoteAddr = proto, from+":1"
		return l.do(r)
	}
	for range 4 {
		if !l.of.streams.take("192.0.2.1", 1) {
			t.Fatal("a half is more")
		}
	}
	for _, tc := range []struct {
		name   string
		proto  int
		from   string
		status int
	}{
		{"one more", 2, "192.0.2.1", 503},
		{"HTTP/1 of the same client", 1, "192.0.2.1", 200},
		{"another client", 2, "192.0.2.2", 200},
	} {
		got := open(tc.proto, tc.from)
		if got.Code != tc.status || (got.Body.Len() == 0) != (tc.status == 503) || (got.Header().Get("Retry-After") == "1") != (tc.status == 503) {
			t.Errorf("%s: %d %v %s", tc.name, got.Code, got.Header(), got.Body)
		}
	}
	if l.of.streams.used != 4 {
		t.Errorf("%d streams are open", l.of.streams.used)
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

// TestNothingIsBeyondTheLimit asks for what nobody serves: that counts too.
func TestNothingIsBeyondTheLimit(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"an unknown path":            func(r *http.Request) { r.URL.Path = "/nothing" },
		"a host that is too long":    func(r *http.Request) { r.Host = strings.Repeat("a.", 200) + "example" },
		"too many parameters":        func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a=b&", 500) },
		"a method that is not known": func(r *http.Request) { r.Method = "BREW" },
		"a path that is served":      func(*http.Request) {},
	} {
		l := newLab(Options{RequestsPerMinute: 2})
		var got []int
		for range 4 {
			r := httptest.NewRequest(http.MethodGet, "/seen", nil)
			change(r)
			got = append(got, l.do(r).Code)
		}
		if got[1] == http.StatusTooManyRequests || got[2] != http.StatusTooManyRequests || got[3] != http.StatusTooManyRequests {
			t.Errorf("%s: %v", name, got)
		}
	}
}
