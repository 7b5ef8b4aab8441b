package passwordcheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// dialTime bounds connecting, so that there is time to try another address of a
// server that does not respond at the first.
const dialTime = 4 * time.Second

// dialer returns a function that connects to a service.
func dialer(allowPrivate bool) func(context.Context, settings.Service) (net.Conn, error) {
	return func(ctx context.Context, svc settings.Service) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTime}
		if !allowPrivate || svc.HostFromOutside {
			d.Control = publicOnly
		}
		return d.DialContext(ctx, "tcp", net.JoinHostPort(svc.Host, strconv.Itoa(int(svc.Port))))
	}
}

// publicOnly checks the address just before the socket connects, after the last
// DNS lookup.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("invalid address %q: %w", address, err)
	}
	if !public(at.Addr()) {
		return fmt.Errorf("%s is not a public address", at.Addr())
	}
	return nil
}

// public reports whether an address is a public one of the Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special() {
		if p.Contains(a) {
			return false
		}
	}
	if translated := netip.MustParsePrefix("64:ff9b::/96"); translated.Contains(a) { // RFC 6052
		b := a.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	return true
}

// special lists the networks that are not globally reachable (RFC 6890) and that
// net/netip does not know, and the IPv6 networks that embed IPv4 addresses.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // shared by customers of a provider
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/96"),           // IPv4-compatible
		netip.MustParsePrefix("::ffff:0:0:0/96"), // IPv4-translated
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"), // Teredo and other protocols
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"), // 6to4
		netip.MustParsePrefix("3fff::/20"),
		netip.MustParsePrefix("5f00::/16"),
		netip.MustParsePrefix("fec0::/10"), // site-local
	}
}
