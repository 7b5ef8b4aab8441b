package config

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// DNSUpdates is a name server that takes updates (RFC 2136), signed with TSIG, for
// validations by DNS-01.
type DNSUpdates struct {
	Server       netip.AddrPort
	KeyName      string
	KeyAlgorithm string
	Key          string // a secret, base64
	DelegateTo   string // the one name of all challenges; "" for a name below each certificate's
}

const hmacSHA256 = "hmac-sha256"

func readDNSUpdates(r *reader, v value, a *ACME) {
	a.DNS = &DNSUpdates{KeyAlgorithm: hmacSHA256}
	if readBlock(r, v, []field[DNSUpdates]{
		{"server", func(r *reader, v value, d *DNSUpdates) { d.Server = r.dnsServer(v) }},
		{"key_name", func(r *reader, v value, d *DNSUpdates) { d.KeyName = r.recordName(v, "waymark") }},
		{"key_algorithm", func(r *reader, v value, d *DNSUpdates) {
			d.KeyAlgorithm, _ = oneOf(r, v, "algorithm", []string{hmacSHA256, "hmac-sha384", "hmac-sha512"})
		}},
		{"key", readTSIGKey},
		{"delegate_to", func(r *reader, v value, d *DNSUpdates) {
			d.DelegateTo = r.recordName(v, "_acme-challenge.acme.example.org")
		}},
	}, a.DNS) {
		r.need(v, "server", "key_name", "key")
	}
}

func readTSIGKey(r *reader, v value, d *DNSUpdates) {
	s, ok := r.secret(v)
	if !ok {
		return
	}
	if _, err := base64.StdEncoding.DecodeString(s); err != nil {
		r.refuse(v, "must be base64, as tsig-keygen prints it behind the word secret")
		return
	}
	d.Key = s
}

// recordForm matches names in DNS, which can have underscores. Few settings need it.
var recordForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$`)
})

// recordName reads a name in DNS, and returns it without the dot at the end.
func (r *reader) recordName(v value, example string) string {
	s, ok := r.filled(v)
	if !ok {
		return ""
	}
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if len(s) > 253 || !recordForm().MatchString(s) {
		r.refuse(v, "must be a name in DNS such as %s, is %s", example, describe(v.node))
		return ""
	}
	return s
}
