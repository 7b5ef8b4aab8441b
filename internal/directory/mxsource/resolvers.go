package mxsource

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

const (
	systemFile = "/etc/resolv.conf"
	port       = 53
)

// resolvers returns the addresses as ip:port.
func resolvers(named []string, file string) ([]string, []error) {
	if len(named) == 0 {
		all, err := systemResolvers(file)
		if err != nil {
			return nil, []error{err}
		}
		return all, nil
	}
	var all []string
	var errs []error
	for _, text := range named {
		at, err := netip.ParseAddrPort(text)
		if bare, bareErr := netip.ParseAddr(text); bareErr == nil {
			at, err = netip.AddrPortFrom(bare, port), nil
		}
		if err != nil || at.Port() == 0 {
			errs = append(errs, fmt.Errorf("the resolver %q is not the IP address of a DNS server, such as 192.0.2.53 or 127.0.0.1:5353", text))
			continue
		}
		all = append(all, at.String())
	}
	return all, errs
}

func systemResolvers(file string) ([]string, error) {
	c, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("no resolvers are named, and those of the system cannot be read: %w", err)
	}
	if len(c.Servers) == 0 {
		return nil, errors.New("no resolvers are named, and " + file + " has none")
	}
	var all []string
	for _, server := range c.Servers {
		all = append(all, net.JoinHostPort(server, c.Port))
	}
	return all, nil
}
