package server

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// ClientNetwork returns what the limits of clients count, from the context of a
// request: the client's address, or its IPv6 network.
func ClientNetwork(ctx context.Context) string {
	return httprate.CanonicalizeIP(middleware.GetClientIP(ctx))
}

// WithPeer returns a context for ClientNetwork with the peer of a TLS handshake. A
// trusted proxy passes on handshakes of many clients, so it is nobody in particular.
func WithPeer(ctx context.Context, remoteAddr string, proxies []netip.Prefix) context.Context {
	if isTrusted(remoteAddr, proxies) {
		return ctx
	}
	r := (&http.Request{RemoteAddr: remoteAddr}).WithContext(ctx)
	middleware.ClientIPFromRemoteAddr(http.HandlerFunc(func(_ http.ResponseWriter, found *http.Request) {
		ctx = found.Context() //nolint:fatcontext // called once
	})).ServeHTTP(nil, r)
	return ctx
}

// ClientAddress returns the client's address from the context of a request, also
// behind trusted proxies; the zero Addr when it is unknown.
func ClientAddress(ctx context.Context) netip.Addr {
	a, err := netip.ParseAddr(middleware.GetClientIP(ctx))
	if err != nil {
		return netip.Addr{}
	}
	return a
}
