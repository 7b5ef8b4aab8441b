package passwordcheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/waymark-mail/waymark/internal/publicaddress"
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
	if !publicaddress.Is(at.Addr()) {
		return fmt.Errorf("%s is not a public address", at.Addr())
	}
	return nil
}
