package server

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestSharedLimit pins which clients beyond their rate limit are taken for proxies
// that trusted_proxies lacks, and that the warning names no address.
func TestSharedLimit(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, tc := range []struct {
		name          string
		trusted       []netip.Prefix
		header, value string
		want          string // the header that is logged
	}{
		{"a client", nil, "", "", ""},
		{"a client that names itself", nil, "X-Forwarded-For", "192.0.2.1", ""},
		{"an unlisted proxy", nil, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-For"},
		{"an unlisted proxy with a field of its own", nil, "X-Real-Ip", "203.0.113.9", "X-Real-Ip"},
		{"an unlisted proxy of RFC 7239", nil, "Forwarded", "for=203.0.113.9", "Forwarded"},
		{"a client behind a listed proxy", trusted, "X-Forwarded-For", "203.0.113.9", ""},
		{"an unlisted proxy behind a listed one", trusted, "X-Forwarded-For", "203.0.113.9, 198.51.100.1", "X-Forwarded-For"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(Options{RequestsPerMinute: 1, TrustedProxies: tc.trusted})
			for range 4 {
				r := httptest.NewRequest("GET", "/seen", nil)
				r.RemoteAddr = "192.0.2.1:1"
				if tc.header != "" {
					r.Header.Set(tc.header, tc.value)
				}
				l.do(r)
			}
			logged := l.logs.FilterMessage("clients share one rate limit").All()
			if tc.want == "" {
				if len(logged) != 0 {
					t.Errorf("logged %v", logged)
				}
				return
			}
			if len(logged) != 1 || len(logged[0].Context) != 2 || logged[0].ContextMap()["header"] != tc.want {
				t.Errorf("logged %v", logged)
			}
		})
	}
}

func TestSharedLimitIsLoggedOnceAnHour(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	s := &sharedLimit{log: zap.New(core)}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	now := time.Now()
	for _, after := range []time.Duration{0, time.Minute, 59 * time.Minute, 61 * time.Minute, 62 * time.Minute} {
		s.exceeded(r, now.Add(after))
	}
	if logs.Len() != 2 {
		t.Errorf("logged %d times", logs.Len())
	}
}
