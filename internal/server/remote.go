package server

import (
	"net/netip"
	"regexp"
	"sync"
)

// Remote is how much of the addresses of clients the log contains. Privacy law may
// allow a network, or nothing.
type Remote string

// The values of Remote. The zero value is RemoteFull.
const (
	RemoteFull    Remote = "full"
	RemoteNetwork Remote = "network" // the /24 of an IPv4 address, the /48 of an IPv6 address
	RemoteNone    Remote = "none"
)

// of returns what the log contains of an address; "" for nothing.
func (d Remote) of(ip string) string {
	switch d {
	case RemoteNone:
		return ""
	case RemoteNetwork:
		a, err := netip.ParseAddr(ip)
		if err != nil {
			return ""
		}
		a = a.Unmap().WithZone("")
		bits := 24
		if a.Is6() {
			bits = 48
		}
		return netip.PrefixFrom(a, bits).Masked().String()
	case RemoteFull:
	}
	return ip
}

// addressAndPort matches the addresses of clients in messages of net/http.
var addressAndPort = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[[0-9a-fA-F:.%\w]+\]:\d+|\d+\.\d+\.\d+\.\d+:\d+`) })

// in replaces the addresses of clients in a message of net/http.
func (d Remote) in(message string) string {
	if d == RemoteFull || d == "" {
		return message
	}
	return addressAndPort().ReplaceAllStringFunc(message, func(found string) string {
		peer, err := netip.ParseAddrPort(found)
		if err == nil && d == RemoteNetwork {
			return d.of(peer.Addr().String())
		}
		return "[redacted]"
	})
}
