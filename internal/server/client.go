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
// costs few allocations, where a middleware for each cost eight.
type caller struct {
	context.Context
	requester
	proxied  bool         // a trusted proxy sent the request
	route    *chi.Context // nil outside of a router
	exchange exchange     // of the request, until it is finished
}

func newCaller(ctx context.Context, remoteAddr string) *caller {
	return &caller{Context: ctx, requester: newRequester(peerOf(remoteAddr), remoteAddr), route: chi.NewRouteContext()}
}

// ConnContext returns the context of all requests of a connection, for http.Server.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return newCaller(ctx, conn.RemoteAddr().String())
}

// called returns the caller of a request, and the request with the caller in its context.
// The requests of an HTTP/1 connection come one after the other, so they share the caller
// of the connection, unless a trusted proxy sends them for somebody else.
func called(r *http.Request, trusted []netip.Prefix) (*caller, *http.Request) {
	c := callerIn(r.Context())
	if c.route == nil { // the request did not come through Listen
		c = newCaller(r.Context(), r.RemoteAddr)
		r = r.WithContext(c)
	}
	client, proxied := senderOf(r, c.addr, trusted)
	if client != c.addr || r.ProtoMajor != 1 {
		own := &caller{Context: r.Context(), requester: c.requester, route: c.route}
		if client != c.addr {
			own.requester = newRequester(client, "")
		}
		if r.ProtoMajor != 1 {
			own.route = chi.NewRouteContext()
		}
		c, r = own, r.WithContext(own)
	}
	c.proxied = proxied
	c.route.Reset()
	return c, r
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
	if !addr.Is4() {
		text := addr.String()
		return requester{addr: addr, address: text, network: httprate.CanonicalizeIP(text)}
	}
	text := remoteAddr[:max(strings.LastIndexByte(remoteAddr, ':'), 0)]
	var digits [len("255.255.255.255")]byte
	if text != string(addr.AppendTo(digits[:0])) {
		text = addr.String()
	}
	return requester{addr: addr, address: text, network: text}
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

// callerIn returns the caller from the context of a request, or an empty one.
func callerIn(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{}
}

// ClientNetwork returns what the limits of clients count, from the context of a
// request: the client's address, or its IPv6 network.
func ClientNetwork(ctx context.Context) string { return callerIn(ctx).network }

// WithPeer returns a context for ClientNetwork with the peer of a TLS handshake. A
// trusted proxy passes on handshakes of many clients, so it is nobody in particular.
func WithPeer(ctx context.Context, remoteAddr string, proxies []netip.Prefix) context.Context {
	peer := peerOf(remoteAddr)
	if isTrusted(peer, proxies) {
		return &caller{Context: ctx}
	}
	return &caller{Context: ctx, requester: newRequester(peer, remoteAddr)}
}

// ClientAddress returns the client's address from the context of a request, also
// behind trusted proxies; the zero Addr when it is unknown.
func ClientAddress(ctx context.Context) netip.Addr { return callerIn(ctx).addr }

// senderOf returns the address of the client, and whether its peer is a trusted proxy.
// Only then does a forwarding header count. When it lists trusted proxies alone, as for a
// client on the proxy's own machine, or an entry is not an address, the peer counts: what
// is left of that could be forged.
func senderOf(r *http.Request, peer netip.Addr, trusted []netip.Prefix) (client netip.Addr, proxied bool) {
	if !isTrusted(peer, trusted) {
		return peer, false
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
				return peer, true
			}
			// Another form of a trusted address must not look like a client's.
			if addr = addr.Unmap().WithZone(""); !isTrusted(addr, trusted) {
				return addr, true
			}
		}
	}
	return peer, true
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
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// isTrusted reports whether an address is that of a trusted proxy.
func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	addr = addr.WithZone("")
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}
