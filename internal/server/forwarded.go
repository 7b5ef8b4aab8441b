package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// applyForwarded sets the scheme and the host of the request to what the client
// used. X-Forwarded-Proto and X-Forwarded-Host count only from a trusted proxy;
// others could request another domain's settings or forge a redirect. The last
// of several values counts: the nearest proxy set it.
func applyForwarded(r *http.Request, trusted []netip.Prefix) {
	r.URL.Scheme = "http"
	if r.TLS != nil {
		r.URL.Scheme = "https"
	}
	if len(trusted) == 0 || !isTrusted(r.RemoteAddr, trusted) {
		return
	}
	switch lastValue(r.Header["X-Forwarded-Proto"]) {
	case "https":
		r.URL.Scheme = "https"
	case "http":
		r.URL.Scheme = "http"
	}
	if host := lastValue(r.Header["X-Forwarded-Host"]); host != "" && isHost(host) {
		r.Host = host
	}
}

func isTrusted(remoteAddr string, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return false
	}
	ip := peer.Addr().Unmap().WithZone("")
	for _, p := range trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func lastValue(header []string) string {
	if len(header) == 0 {
		return ""
	}
	v := header[len(header)-1]
	return strings.TrimSpace(v[strings.LastIndexByte(v, ',')+1:])
}

func isHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := address.ParseDomain(host)
	return err == nil
}
