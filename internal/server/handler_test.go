package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// toy is a protocol that shows what the server gave it.
func toy() dialect.Dialect {
	text := func(s string) (dialect.Response, error) { return dialect.PlainText(http.StatusOK, s), nil }
	return dialect.Dialect{
		Name: "toy",
		Endpoints: []dialect.Endpoint{
			{Path: "/seen", Methods: []string{"GET"}, Serve: func(r *http.Request) (dialect.Response, error) {
				return text(r.URL.Scheme + " " + r.Host)
			}},
			{Path: "/tagged", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				resp, err := text("tagged")
				resp.ETag = `"abc"`
				return resp, err
			}},
			{Path: "/both", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) { return text("got") }},
			{Path: "/both", Methods: []string{"POST"}, Serve: func(r *http.Request) (dialect.Response, error) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return dialect.Response{}, &settings.Error{Kind: settings.TooLarge, Message: "too large", Cause: err}
				}
				return text(string(body))
			}},
			{Path: "/Fold/It/{word}", FoldCase: true, Methods: []string{"GET"}, Serve: func(r *http.Request) (dialect.Response, error) {
				return text("folded " + r.PathValue("word"))
			}},
			{Path: "/word/{word}", Methods: []string{"GET"}, Serve: func(r *http.Request) (dialect.Response, error) { return text(r.PathValue("word")) }},
			{Path: "/forgets", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) { return dialect.PlainText(400, "no"), nil }},
			{Path: "/own-words", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				return dialect.PlainText(200, "my words"), settings.ErrUnknownDomain
			}},
			{Path: "/any", Serve: func(r *http.Request) (dialect.Response, error) { return text(r.Method) }},
			{Path: "/panic", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) { panic("boom") }},
			{Path: "/unknown", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				return dialect.Response{}, settings.ErrUnknownDomain
			}},
			{Path: "/internal", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				return dialect.Response{}, errors.New("the secret of the house")
			}},
		},
	}
}

type lab struct {
	handler http.Handler
	of      *handler
	metrics *telemetry.Metrics
	logs    *observer.ObservedLogs
}

func newLab(o Options) lab {
	core, logs := observer.New(zapcore.DebugLevel)
	o.Dialects = append(o.Dialects, toy())
	o.Metrics = telemetry.NewMetrics("", "")
	o.Log = zap.New(core)
	h := newHandler(o, "none", nil)
	return lab{handler: h, of: h, metrics: o.Metrics, logs: logs}
}

func (l lab) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	l.handler.ServeHTTP(rec, r)
	return rec
}

func (l lab) metricsPage() string {
	rec := httptest.NewRecorder()
	l.metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}

func TestRouting(t *testing.T) {
	l := newLab(Options{})
	for _, tc := range []struct {
		name, method, target, body string
		status                     int
		want, allow, outcome       string
	}{
		{name: "a path", method: "GET", target: "http://a.example/seen", status: 200, want: "http a.example\n", outcome: "ok"},
		{name: "HEAD comes with GET", method: "HEAD", target: "/seen", status: 200, want: "http example.com\n", outcome: "ok"},
		{name: "two methods on one path: GET", method: "GET", target: "/both", status: 200, want: "got\n", outcome: "ok"},
		{name: "two methods on one path: POST", method: "POST", target: "/both", body: "hello", status: 200, want: "hello\n", outcome: "ok"},
		{name: "a method nobody takes", method: "DELETE", target: "/both", status: 405, want: "this path answers GET, HEAD, POST only\n", allow: "GET, HEAD, POST", outcome: "method_not_allowed"},
		{name: "a method chi does not know", method: "PROPFIND", target: "/seen", status: 405, want: "this path answers GET, HEAD only\n", allow: "GET, HEAD", outcome: "method_not_allowed"},
		{name: "PROPFIND where every method is taken", method: "PROPFIND", target: "/any", status: 200, want: "PROPFIND\n", outcome: "ok"},
		{name: "a path in any case", method: "GET", target: "/FOLD/iT/Word", status: 200, want: "folded word\n", outcome: "ok"},
		{name: "a parameter", method: "GET", target: "/word/a@b+c", status: 200, want: "a@b+c\n", outcome: "ok"},
		{name: "a parameter that is encoded", method: "GET", target: "/word/a%40b%C3%BC%2525%2F", status: 200, want: "a@bü%25/\n", outcome: "ok"},
		{name: "a folded parameter that is encoded", method: "GET", target: "/fold/it/A%40B%C3%BC", status: 200, want: "folded a@bü\n", outcome: "ok"},
		{name: "a dialect with a response of its own to an error", method: "GET", target: "/own-words", status: 200, want: "my words\n", outcome: "unknown_domain"},
		{name: "a dialect that drops its error", method: "GET", target: "/forgets", status: 400, want: "no\n", outcome: "error"},
		{name: "elsewhere case matters", method: "GET", target: "/Seen", status: 404, want: "nothing is served at this path\n", outcome: "not_found"},
		{name: "no such path", method: "GET", target: "/nothing", status: 404, want: "nothing is served at this path\n", outcome: "not_found"},
		{name: "a body over the cap", method: "POST", target: "/both", body: strings.Repeat("x", maxBody+1), status: 413, want: "too large\n", outcome: "too_large"},
		{name: "a body at the cap", method: "POST", target: "/both", body: strings.Repeat("x", maxBody), status: 200, want: strings.Repeat("x", maxBody) + "\n", outcome: "ok"},
		{name: "an unknown domain", method: "GET", target: "/unknown", status: 404, want: "this server does not answer for that domain\n", outcome: "unknown_domain"},
		{name: "an internal error keeps its cause to itself", method: "GET", target: "/internal", status: 500, want: "something went wrong on this server\n", outcome: "error"},
		{name: "a panic is answered", method: "GET", target: "/panic", status: 500, want: "something went wrong on this server\n", outcome: "error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := l.do(httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body)))
			if rec.Code != tc.status || rec.Body.String() != tc.want || rec.Header().Get("Allow") != tc.allow {
				t.Errorf("got %d %.80q, Allow %q; want %d %.80q, %q", rec.Code, rec.Body, rec.Header().Get("Allow"), tc.status, tc.want, tc.allow)
			}
			entries := l.logs.TakeAll()
			if len(entries) != 1 || entries[0].ContextMap()["outcome"] != tc.outcome {
				t.Errorf("logged %v, want one line with outcome %s", entries, tc.outcome)
			}
			id := rec.Header().Get("X-Request-Id")
			if (id != "") != (tc.status >= 400) || id != "" && entries[0].ContextMap()["id"] != id || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers are %v, logged %v", rec.Header(), entries)
			}
		})
	}
}

func TestPanicIsLoggedWithItsStack(t *testing.T) {
	l := newLab(Options{})
	l.do(httptest.NewRequest("GET", "/panic", nil))
	entry := l.logs.All()[0]
	stack, _ := entry.ContextMap()["stack"].(string)
	if entry.Level != zap.ErrorLevel || entry.ContextMap()["error"] != "panic: boom" || !strings.Contains(stack, "handler_test.go") {
		t.Errorf("logged %v", entry)
	}
	if !strings.Contains(l.metricsPage(), `waymark_requests_total{client="other",outcome="error",protocol="toy"} 1`) {
		t.Error("the panic was not counted")
	}
}

func TestIfNoneMatch(t *testing.T) {
	l := newLab(Options{})
	for _, tc := range []struct {
		header string
		status int
	}{
		{"", 200}, {`"abc"`, 304}, {`W/"abc"`, 304}, {`"x", "abc"`, 304}, {"*", 304}, {`"abcd"`, 200}, {"abc", 200},
	} {
		r := httptest.NewRequest("GET", "/tagged", nil)
		if tc.header != "" {
			r.Header.Set("If-None-Match", tc.header)
		}
		rec := l.do(r)
		if rec.Code != tc.status || rec.Header().Get("ETag") != `"abc"` {
			t.Errorf("If-None-Match %s: %d, ETag %s; want %d", tc.header, rec.Code, rec.Header().Get("ETag"), tc.status)
		}
		outcome := "ok"
		if tc.status == 304 {
			outcome = "not_modified"
			if rec.Body.Len() != 0 {
				t.Errorf("a 304 has the body %q", rec.Body)
			}
		}
		if got := l.logs.TakeAll()[0].ContextMap()["outcome"]; got != outcome {
			t.Errorf("If-None-Match %s: logged as %s, want %s", tc.header, got, outcome)
		}
	}
}

func TestForwardingHeaders(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	for _, tc := range []struct {
		name, peer        string
		ignoreHost        bool // as by default
		header            map[string]string
		wantSeen, wantLog string
	}{
		{name: "a host that a client may have sent to the proxy", peer: "192.0.2.1:1", ignoreHost: true,
			header:   map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"},
			wantSeen: "https example.com", wantLog: "203.0.113.9"},
		{name: "no header", peer: "192.0.2.1:1", wantSeen: "http example.com", wantLog: "192.0.2.1"},
		{name: "a trusted proxy", peer: "192.0.2.1:1",
			header:   map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "autoconfig.a.example", "X-Forwarded-For": "203.0.113.9"},
			wantSeen: "https autoconfig.a.example", wantLog: "203.0.113.9"},
		{name: "a trusted proxy over IPv6", peer: "[2001:db8::1]:1",
			header:   map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"},
			wantSeen: "https example.com", wantLog: "203.0.113.9"},
		{name: "a stranger is not believed", peer: "198.51.100.7:1",
			header:   map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "True-Client-IP": "203.0.113.9"},
			wantSeen: "http example.com", wantLog: "198.51.100.7"},
		{name: "what the client put in front is not believed", peer: "192.0.2.1:1",
			header:   map[string]string{"X-Forwarded-Proto": "http, https", "X-Forwarded-Host": "evil.example, a.example", "X-Forwarded-For": "127.0.0.1, 203.0.113.9, 192.0.2.5"},
			wantSeen: "https a.example", wantLog: "203.0.113.9"},
		{name: "a client on the proxy's own machine", peer: "192.0.2.1:1",
			header:   map[string]string{"X-Forwarded-For": "192.0.2.1"},
			wantSeen: "http example.com", wantLog: "192.0.2.1"},
		{name: "nonsense is left alone", peer: "192.0.2.1:1",
			header:   map[string]string{"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b\"<>", "X-Forwarded-For": "nonsense"},
			wantSeen: "http example.com", wantLog: "192.0.2.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(Options{TrustedProxies: trusted, ForwardedHost: !tc.ignoreHost})
			r := httptest.NewRequest("GET", "/seen", nil)
			r.RemoteAddr = tc.peer
			for k, v := range tc.header {
				r.Header.Set(k, v)
			}
			resp := l.do(r)
			if got := strings.TrimSpace(resp.Body.String()); got != tc.wantSeen {
				t.Errorf("the protocol saw %q, want %q", got, tc.wantSeen)
			}
			if got := resp.Header().Get("Vary") == "X-Forwarded-Host"; got == tc.ignoreHost {
				t.Errorf("caches are told with Vary: %q", resp.Header().Values("Vary"))
			}
			if got := l.logs.All()[0].ContextMap()["remote"]; got != tc.wantLog {
				t.Errorf("the log says %q, want %q", got, tc.wantLog)
			}
		})
	}
}

func TestWithoutTrustedProxiesNoHeaderIsBelieved(t *testing.T) {
	l := newLab(Options{})
	r := httptest.NewRequest("GET", "/seen", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	if got := l.do(r).Body.String(); got != "http example.com\n" {
		t.Errorf("the protocol saw %q", got)
	}
	if got := l.logs.All()[0].ContextMap()["remote"]; got != "127.0.0.1" {
		t.Errorf("the log says %q", got)
	}
}

func TestRateLimit(t *testing.T) {
	l := newLab(Options{RequestsPerMinute: 3})
	get := func(peer string) int {
		r := httptest.NewRequest("GET", "/seen", nil)
		r.RemoteAddr = peer
		return l.do(r).Code
	}
	for i := range 3 {
		if got := get("192.0.2.1:1"); got != 200 {
			t.Fatalf("request %d: %d", i+1, got)
		}
	}
	if got := get("192.0.2.1:2"); got != 429 {
		t.Errorf("the fourth request of one address: %d, want 429", got)
	}
	if got := get("192.0.2.2:1"); got != 200 {
		t.Errorf("another address: %d, want 200", got)
	}
	for i := range 4 {
		want := 200
		if i == 3 {
			want = 429 // one customer has a whole /64
		}
		if got := get("[2001:db8::" + string(rune('1'+i)) + "]:1"); got != want {
			t.Errorf("address %d of one IPv6 network: %d, want %d", i+1, got, want)
		}
	}
	if !strings.Contains(l.metricsPage(), `outcome="rate_limited",protocol="toy"} 2`) {
		t.Error("the refused requests were not counted")
	}
}

// TestNothingPrivateIsLogged pins the privacy rule: no local part, no query,
// no path, no Authorization, no cookie, wherever a client may put them.
func TestNothingPrivateIsLogged(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	metrics := telemetry.NewMetrics("", "")
	h := New(Options{Dialects: []dialect.Dialect{toy()}, Metrics: metrics, Log: log})
	for _, target := range []string{"/seen?email=private@a.example", "/private@a.example", "/fold/it/private@a.example", "/internal?private", "/unknown?x=private"} {
		for _, method := range []string{"GET", "POST", "PRIVATE-METHOD-THAT-IS-LONG"} {
			r := httptest.NewRequest(method, target, strings.NewReader("private"))
			r.Host = "private@a.example"
			r.Header.Set("Authorization", "Basic private")
			r.Header.Set("Cookie", "private")
			r.Header.Set("User-Agent", "private")
			r.Header.Set("Referer", "https://x/private")
			r.Header.Set("X-Request-Id", "private")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	flush()
	rec := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if n := strings.Count(out.String(), `"msg":"request"`); n != 15 {
		t.Fatalf("%d requests were logged, want 15", n)
	}
	for name, text := range map[string]string{"the log": out.String(), "the metrics": rec.Body.String()} {
		if i := strings.Index(strings.ToLower(text), "private"); i >= 0 {
			t.Errorf("%s says %q", name, text[max(0, i-80):min(len(text), i+40)])
		}
	}
}

func TestTwoProtocolsOnOnePathAreAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	other := toy()
	other.Name = "other"
	New(Options{Dialects: []dialect.Dialect{toy(), other}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop()})
}

func BenchmarkOverhead(b *testing.B) {
	l := newLab(Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	log, flush, err := telemetry.NewLogger("info", "json", io.Discard, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer flush()
	h := New(Options{Dialects: []dialect.Dialect{toy()}, Metrics: l.metrics, Log: log})
	r := httptest.NewRequest("GET", "/tagged", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
