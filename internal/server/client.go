package server

import (
	"context"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
)

// ClientAddress returns the client's address from the context of a request, also
// behind trusted proxies; the zero Addr when it is unknown.
func ClientAddress(ctx context.Context) netip.Addr {
	a, err := netip.ParseAddr(middleware.GetClientIP(ctx))
	if err != nil {
		return netip.Addr{}
	}
	return a
}
