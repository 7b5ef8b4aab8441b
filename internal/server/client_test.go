package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/test/certtest"
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
		from, _ := called(req, trusted)
		got, want := from.addr, byChi(req, trusted)
		if got != want {
			t.Fatalf("from %q with %q, trusted %v: %s, want %s", req.RemoteAddr, req.Header["X-Forwarded-For"], trusted, got, want)
		}
		text := ""
		if want.IsValid() {
			text = want.String()
		}
		if from.address != text {
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
		ctx := WithPeer(newCaller(t.Context(), remote), remote, proxies)
		if got := ClientNetwork(ctx); got != want {
			t.Errorf("%s counts as %q, want %q", remote, got, want)
		}
		if got := ClientAddress(ctx).IsValid(); got != (want != "") {
			t.Errorf("%s: an address is known: %v", remote, got)
		}
	}
}

// TestManyClientsOnOneConnection: a proxy sends the requests of many clients on one
// connection, with HTTP/2 at the same time. Each one is that of its client.
func TestManyClientsOnOneConnection(t *testing.T) {
	const clients = 20
	for _, major := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", major), func(t *testing.T) {
			var waiting sync.WaitGroup
			waiting.Add(clients)
			who := dialect.Dialect{Name: "who", Fail: toy().Fail, Endpoints: []dialect.Endpoint{{Path: "/who/{name}", Serve: func(r *http.Request) (dialect.Response, error) {
				if r.ProtoMajor == 2 {
					waiting.Done()
					waiting.Wait() // until all are being served
				}
				if n := len(chi.RouteContext(r.Context()).URLParams.Keys); n != 1 {
					t.Errorf("the router has %d parameters, want 1", n)
				}
				return dialect.Response{Status: http.StatusOK, Body: []byte(r.PathValue("name") + " " + ClientAddress(r.Context()).String())}, nil
			}}}}
			l := newLab(Options{Dialects: []dialect.Dialect{who}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			authority := certtest.Authority("Proxy", nil)
			g := serveGroup(t, unchanged, Listener{
				Name: "https", Address: "127.0.0.1:0", Handler: l.handler, TLS: &tls.Config{Certificates: []tls.Certificate{authority.Server("127.0.0.1").TLS()}},
			})
			proxy := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}, ForceAttemptHTTP2: major == 2}
			t.Cleanup(proxy.CloseIdleConnections)
			ask := func(i int) {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://%s/who/%d", g.Addr("https"), i), nil)
				if err != nil {
					t.Error(err)
					return
				}
				want := fmt.Sprintf("%d 127.0.0.1", i)
				if i%2 == 1 { // the others are of the proxy itself
					r.Header.Set("X-Forwarded-For", fmt.Sprint("192.0.2.", i))
					want = fmt.Sprintf("%d 192.0.2.%d", i, i)
				}
				resp, err := proxy.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				text, err := io.ReadAll(resp.Body)
				if _ = resp.Body.Close(); err != nil || string(text) != want || resp.ProtoMajor != major {
					t.Errorf("%s over %s: %q, %v; want %q", resp.Status, resp.Proto, text, err, want)
				}
			}
			var all sync.WaitGroup
			for i := range clients {
				if major == 1 {
					ask(i)
					continue
				}
				all.Go(func() { ask(i) })
			}
			all.Wait()
		})
	}
}
