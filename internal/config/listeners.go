package config

import "net"

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
