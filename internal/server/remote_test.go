package server

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestRemote pins what the log contains of the address of a client, in the line of
// a request and in messages of net/http.
func TestRemote(t *testing.T) {
	for _, tc := range []struct {
		remote                 Remote
		peer, inLine, inErrors string
	}{
		{"", "192.0.2.77:4711", "192.0.2.77", "192.0.2.77:4711"},
		{RemoteFull, "192.0.2.77:4711", "192.0.2.77", "192.0.2.77:4711"},
		{RemoteNetwork, "192.0.2.77:4711", "192.0.2.0/24", "192.0.2.0/24"},
		{RemoteNetwork, "[2001:db8:1:2::3]:4711", "2001:db8:1::/48", "2001:db8:1::/48"},
		{RemoteNetwork, "[::ffff:192.0.2.77]:4711", "192.0.2.0/24", "192.0.2.0/24"},
		{RemoteNone, "192.0.2.77:4711", "", "[redacted]"},
		{RemoteNone, "[fe80::1%eth0]:4711", "", "[redacted]"},
		{RemoteNone, "[2001:db8:1:2::3]:4711", "", "[redacted]"},
	} {
		t.Run(string(tc.remote)+" "+tc.peer, func(t *testing.T) {
			l := newLab(Options{Remote: tc.remote})
			r := httptest.NewRequest("GET", "https://example.com/toy", nil)
			r.RemoteAddr = tc.peer
			l.do(r)
			line := l.logs.All()[0].ContextMap()
			if got, logged := line["remote"]; logged != (tc.inLine != "") || logged && got != tc.inLine {
				t.Errorf("remote is %v, want %q", got, tc.inLine)
			}
			core, logs := observer.New(zapcore.DebugLevel)
			ErrorLog(zap.New(core), tc.remote).Print("http: TLS handshake error from " + tc.peer + ": EOF")
			if got := logs.All()[0].ContextMap()["error"]; got != "http: TLS handshake error from "+tc.inErrors+": EOF" {
				t.Errorf("net/http: %v, want %s", got, tc.inErrors)
			}
		})
	}
}

// TestRequestID pins whose IDs are kept.
func TestRequestID(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	const sent = "4f1b8c3e-0d2a-4f0e-9c61-5b7d9e8a1c22"
	for _, tc := range []struct {
		name    string
		trusted []netip.Prefix
		ids     []string
		kept    bool
	}{
		{"a trusted proxy", proxies, []string{sent}, true},
		{"the longest", proxies, []string{strings.Repeat("a", 64)}, true},
		{"a client", nil, []string{sent}, false},
		{"a client beside a proxy", []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, []string{sent}, false},
		{"none", proxies, nil, false},
		{"two", proxies, []string{sent, "b"}, false},
		{"empty", proxies, []string{""}, false},
		{"too long", proxies, []string{strings.Repeat("a", 65)}, false},
		{"an address", proxies, []string{"anna@example.com"}, false},
		{"a line break", proxies, []string{"a\nb"}, false},
		{"not ASCII", proxies, []string{"\u00e4"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(Options{TrustedProxies: tc.trusted})
			r := httptest.NewRequest("GET", "https://example.com/nothing", nil)
			r.RemoteAddr = "192.0.2.1:4711"
			r.Header["X-Request-Id"] = tc.ids
			answered := l.do(r).Header().Get("X-Request-Id")
			if kept := len(tc.ids) > 0 && answered == tc.ids[0]; kept != tc.kept || answered == "" {
				t.Errorf("the answer has the ID %q", answered)
			}
			if logged := l.logs.All()[0].ContextMap()["id"]; logged != answered {
				t.Errorf("the log has the ID %v, the answer %q", logged, answered)
			}
		})
	}
}
