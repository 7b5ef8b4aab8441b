package config

import (
	"net"
	"net/netip"
)

// checkListeners refuses two listeners on one address: one of them could not be
// opened.
func (r *reader) checkListeners(v value, cfg *Config) {
	type listener struct {
		at      value
		address string
	}
	all := []listener{{v.at("listen"), cfg.Listen}}
	if cfg.TLS != nil {
		all = append(all, listener{v.at("tls").at("listen"), cfg.TLS.Listen})
	}
	all = append(all, listener{v.at("ops").at("listen"), cfg.Ops.Listen})
	for i, second := range all {
		for _, first := range all[:i] {
			if collide(first.address, second.address) {
				r.refuse(second.at, "%s collides with %s, which is %s; use another port", second.address, first.at.path, first.address)
			}
		}
	}
}

// collide reports whether only one of two listeners can be open.
func collide(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || everywhere(hostA) || everywhere(hostB)
}

func everywhere(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

// checkProxies warns about a listener that only a proxy in front makes sense of,
// without the address of that proxy: all users would share its rate limit.
func (r *reader) checkProxies(v value, cfg *Config) {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil || cfg.TLS != nil || !v.has("listen") || r.wrong["listen"] || v.has("trusted_proxies") || r.wrong["trusted_proxies"] || port == "0" || port == "80" && !loopback(host) {
		return
	}
	r.warn(v.at("listen"), "looks like a listener behind a proxy, but trusted_proxies is missing: all users would share the rate limit of the proxy, and links would begin with http; list the proxy, such as trusted_proxies: [127.0.0.1, \"::1\"], or write trusted_proxies: [] if there is none")
}

// checkOps warns about operations that everybody may use, and about examinations that
// have no domain.
func (r *reader) checkOps(v value, cfg *Config) {
	if host, _, err := net.SplitHostPort(cfg.Ops.Listen); err == nil && everywhere(host) && !v.has("api") && !r.wrong["api"] {
		r.warn(v.at("ops").at("listen"), "anybody who reaches this machine can reload the settings and make invitations; use 127.0.0.1, or set api.token")
	}
	sources := v.at("ops").at("examine_sources")
	switch {
	case cfg.Ops.ExamineSources == 0:
	case cfg.Ops.ExamineEvery == 0 && !r.wrong["ops.examine_every"]:
		r.warn(sources, "examines nothing without ops.examine_every; set it to 24h")
	case len(cfg.Directory) == 0 && !r.wrong["directory"]:
		r.warn(sources, "there are no sources; the domains of this file are examined without it")
	}
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
