package server

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5/middleware"
)

// byChi returns the address of the client as the middleware of chi finds it.
func byChi(r *http.Request, trusted []netip.Prefix) (found netip.Addr) {
	var cidrs []string
	for _, p := range trusted {
		cidrs = append(cidrs, p.String())
	}
	read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { found = middleware.GetClientIPAddr(r.Context()) })
	if cidrs != nil {
		middleware.ClientIPFromXFF(cidrs...)(read).ServeHTTP(nil, r)
	}
	if !found.IsValid() {
		middleware.ClientIPFromRemoteAddr(read).ServeHTTP(nil, r)
	}
	return found
}

// TestClientAddressesAsChiFindsThem compares both on random requests.
func TestClientAddressesAsChiFindsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	for range 5000 {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.RemoteAddr = pick("192.0.2.1:1234", "198.51.100.7:1", "[2001:db8::1]:443", "[fe80::1%eth0]:80", "[::ffff:192.0.2.1]:9", "192.0.2.1", "2001:db8::1", "", "@", "nonsense:1", "127.0.0.1:80")
		for range r.IntN(3) {
			var hops []string
			for range r.IntN(5) {
				hops = append(hops, pick("192.0.2.1", "203.0.113.9", " 198.51.100.7 ", "2001:db8::1", "2001:db8:1::1", "fe80::1%eth0", "::ffff:192.0.2.1", "::ffff:203.0.113.9", "", " ", "unknown", "203.0.113.9:80", "127.0.0.1"))
			}
			req.Header.Add("X-Forwarded-For", strings.Join(hops, ","))
		}
		var trusted []netip.Prefix
		for _, p := range []string{"192.0.2.0/24", "2001:db8::/64", "127.0.0.1/32", "fe80::/10"} {
			if r.IntN(2) == 0 {
				trusted = append(trusted, netip.MustParsePrefix(p))
			}
		}
		got, _ := senderOf(req, trusted)
		want := byChi(req, trusted)
		if got != want {
			t.Fatalf("from %q with %q, trusted %v: %s, want %s", req.RemoteAddr, req.Header["X-Forwarded-For"], trusted, got, want)
		}
		text := ""
		if want.IsValid() {
			text = want.String()
		}
		if from := newRequester(got, req.RemoteAddr); from.address != text {
			t.Fatalf("%q is written %q, want %q", req.RemoteAddr, from.address, text)
		}
	}
}

// TestWithPeer pins who a TLS handshake comes from: a trusted proxy is nobody in
// particular.
func TestWithPeer(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for remote, want := range map[string]string{
		"203.0.113.9:1": "203.0.113.9", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::", "192.0.2.7:1": "", "not an address": "",
	} {
		ctx := WithPeer(t.Context(), remote, proxies)
		if got := ClientNetwork(ctx); got != want {
			t.Errorf("%s counts as %q, want %q", remote, got, want)
		}
		if got := ClientAddress(ctx).IsValid(); got != (want != "") {
			t.Errorf("%s: an address is known: %v", remote, got)
		}
	}
}
