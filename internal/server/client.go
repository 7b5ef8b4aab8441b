package server

import (
	"context"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
)

// ClientAddress returns the address of the client of a request that is being
// served, behind trusted proxies too; the zero Addr when it is not known.
func ClientAddress(ctx context.Context) netip.Addr {
	a, err := netip.ParseAddr(middleware.GetClientIP(ctx))
	if err != nil {
		return netip.Addr{}
	}
	return a
}
