package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// believeProxies sets the scheme and the host of the request to what the
// client used. X-Forwarded-Proto and X-Forwarded-Host count only when a
// trusted proxy sent them; anybody else could choose another domain's settings
// or a redirect of their liking. Of several values the last counts, the one
// set by the proxy nearest to us.
func believeProxies(r *http.Request, trusted []netip.Prefix) {
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
