package acme

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// lookTime bounds the DNS look-ups before an order.
const lookTime = 5 * time.Second

// errElsewhere is wrapped by the error about a name that does not resolve to this server.
var errElsewhere = errors.New("the name does not resolve to this server")

// leadsHere returns nil if DNS leads clients of a name to this server. Authorities
// limit failed validations, so an order that cannot succeed is not made.
func (m *Manager) leadsHere(ctx context.Context, name address.Domain) error {
	if m.o.NoDNS {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	have, err := m.lookUp(ctx, string(name))
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return fmt.Errorf("%w: it has no address", errElsewhere)
	}
	targets := m.o.Addresses
	if own := m.o.Default(); len(targets) == 0 && own != "" {
		targets = []string{string(own)}
	}
	if len(targets) == 0 {
		return nil
	}
	var ours []netip.Addr
	for _, a := range targets {
		if ip, err := netip.ParseAddr(a); err == nil {
			ours = append(ours, ip.Unmap())
			continue
		}
		found, err := m.lookUp(ctx, a)
		if err != nil {
			return err
		}
		ours = append(ours, found...)
	}
	for _, ip := range have {
		if !slices.Contains(ours, ip) {
			return fmt.Errorf("%w: it resolves to %s, which is not among tls.acme.addresses", errElsewhere, ip)
		}
	}
	return nil
}

// lookUp returns the addresses of a host; none if it does not exist.
func (m *Manager) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	found, err := m.o.Resolver.LookupNetIP(ctx, "ip", host+".") // no search domains
	if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look up %s: %w", host, err)
	}
	for i, ip := range found {
		found[i] = ip.Unmap()
	}
	return found, nil
}
