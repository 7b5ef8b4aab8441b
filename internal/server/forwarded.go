package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// applyForwarded sets the scheme and the host of the request to what the client
// used. X-Forwarded-Proto counts only from a trusted proxy; others could forge a
// redirect. X-Forwarded-Host counts only if the operator wants that besides: many
// proxies pass on the one of a client, who could then put an answer about one
// domain into a cache under another. The last of several values counts: the
// nearest proxy set it.
func applyForwarded(r *http.Request, proxied, host bool) {
	r.URL.Scheme = "http"
	if r.TLS != nil {
		r.URL.Scheme = "https"
	}
	if !proxied {
		return
	}
	switch lastValue(r.Header["X-Forwarded-Proto"]) {
	case "https":
		r.URL.Scheme = "https"
	case "http":
		r.URL.Scheme = "http"
	}
	if !host {
		return
	}
	if name := lastValue(r.Header["X-Forwarded-Host"]); name != "" && isHost(name) {
		r.Host = name
	}
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
