package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

// caller is the context of a request: who sent it, and how it is routed. As one value it
// costs a request two allocations, where a middleware for each cost eight.
type caller struct {
	context.Context
	requester
	route *chi.Context // nil outside of a router
}

// requester is who sends requests.
type requester struct {
	addr    netip.Addr // zero when it is unknown
	address string     // "" when it is unknown
	network string     // what the limits of clients count: the address, or its IPv6 network
}

// newRequester returns the client at an address. RemoteAddr of a request usually has the
// address as text, which saves an allocation.
func newRequester(addr netip.Addr, remoteAddr string) requester {
	if !addr.IsValid() {
		return requester{}
	}
	text := remoteAddr[:max(strings.LastIndexByte(remoteAddr, ':'), 0)]
	if !addr.Is4() || addr != parsed(text) {
		text = addr.String()
	}
	return requester{addr: addr, address: text, network: httprate.CanonicalizeIP(text)}
}

func parsed(text string) netip.Addr {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// callerKey is for the caller of a request.
type callerKey struct{}

// Value returns the caller itself, and what the router asks for.
func (c *caller) Value(key any) any {
	switch {
	case key == callerKey{}:
		return c
	case key == chi.RouteCtxKey && c.route != nil:
		return c.route
	}
	return c.Context.Value(key)
}

// requesterIn returns the client from the context of a request.
func requesterIn(ctx context.Context) requester {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c.requester
	}
	return requester{}
}

// ClientNetwork returns what the limits of clients count, from the context of a
// request: the client's address, or its IPv6 network.
func ClientNetwork(ctx context.Context) string { return requesterIn(ctx).network }

// WithPeer returns a context for ClientNetwork with the peer of a TLS handshake. A
// trusted proxy passes on handshakes of many clients, so it is nobody in particular.
func WithPeer(ctx context.Context, remoteAddr string, proxies []netip.Prefix) context.Context {
	if isTrusted(remoteAddr, proxies) {
		return ctx
	}
	return &caller{Context: ctx, requester: newRequester(peerOf(remoteAddr), remoteAddr)}
}

// ClientAddress returns the client's address from the context of a request, also
// behind trusted proxies; the zero Addr when it is unknown.
func ClientAddress(ctx context.Context) netip.Addr { return requesterIn(ctx).addr }

// senderOf returns the address of the client. A forwarding header counts only when the
// peer is a trusted proxy. When it lists trusted proxies alone, as for a client on the
// proxy's own machine, or an entry is not an address, the peer counts: what is left of
// that could be forged.
func senderOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer := peerOf(r.RemoteAddr)
	if len(trusted) == 0 || !within(peer.WithZone(""), trusted) {
		return peer
	}
	for _, hops := range slices.Backward(r.Header["X-Forwarded-For"]) {
		for more := true; more; {
			i := strings.LastIndexByte(hops, ',')
			hop := strings.TrimSpace(hops[i+1:])
			if more = i >= 0; more {
				hops = hops[:i]
			}
			if hop == "" {
				continue
			}
			addr, err := netip.ParseAddr(hop)
			if err != nil {
				return peer
			}
			// Another form of a trusted address must not look like a client's.
			if addr = addr.Unmap().WithZone(""); !within(addr, trusted) {
				return addr
			}
		}
	}
	return peer
}

// peerOf returns the address in http.Request.RemoteAddr; the zero Addr if there is none.
func peerOf(remoteAddr string) netip.Addr {
	if peer, err := netip.ParseAddrPort(remoteAddr); err == nil {
		return peer.Addr().Unmap()
	}
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		host = remoteAddr
	}
	return parsed(host).Unmap()
}

func within(addr netip.Addr, all []netip.Prefix) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(addr) })
}
