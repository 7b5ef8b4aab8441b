package server

import (
	"context"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// ClientNetwork returns what the limits of clients count, from the context of a
// request: the client's address, or its IPv6 network.
func ClientNetwork(ctx context.Context) string {
	return httprate.CanonicalizeIP(middleware.GetClientIP(ctx))
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
