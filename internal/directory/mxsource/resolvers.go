package mxsource

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

const systemFile = "/etc/resolv.conf"

// resolvers returns the addresses as host:port; those in file when none are
// named.
func resolvers(named []netip.AddrPort, file string) ([]string, error) {
	var all []string
	for _, r := range named {
		all = append(all, r.String())
	}
	if len(all) > 0 {
		return all, nil
	}
	c, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("resolvers: none are named, and the system's cannot be read: %w", err)
	}
	for _, server := range c.Servers {
		all = append(all, net.JoinHostPort(server, c.Port))
	}
	if len(all) == 0 {
		return nil, errors.New("resolvers: none are named, and " + file + " lists none")
	}
	return all, nil
}
