package server

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// isLocalName reports whether the host of a request is an IP address, or a name that
// nobody can have in public DNS. The page of another site can have its own name
// resolve to this machine, and then read what is answered to it (DNS rebinding).
func isLocalName(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "" {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last == host || slices.Contains([]string{"localhost", "local", "internal", "svc"}, last)
}
