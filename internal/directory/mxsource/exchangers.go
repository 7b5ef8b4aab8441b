package mxsource

import (
	"cmp"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/internal/address"
)

// maxAliases bounds how many CNAME records are followed in one answer.
const maxAliases = 16

// exchangers returns the mail exchangers in an answer, most preferred first.
// Hosts of equal preference are sorted by name, because resolvers rotate them. A
// null MX (RFC 7505) and invalid host names are left out.
func exchangers(answer *dns.Msg, name string) []address.Domain {
	name = aliased(answer, name)
	type exchanger struct {
		preference uint16
		host       address.Domain
	}
	var all []exchanger
	for _, rr := range answer.Answer {
		if mx, ok := rr.(*dns.MX); ok && strings.EqualFold(mx.Hdr.Name, name) {
			if host, err := address.ParseDomain(mx.Mx); err == nil {
				all = append(all, exchanger{mx.Preference, host})
			}
		}
	}
	slices.SortFunc(all, func(a, b exchanger) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), cmp.Compare(a.host, b.host))
	})
	var hosts []address.Domain
	for _, e := range all {
		hosts = append(hosts, e.host)
	}
	return hosts
}

// aliased returns the name at the end of the CNAME records that begin at name.
func aliased(answer *dns.Msg, name string) string {
	for range maxAliases {
		i := slices.IndexFunc(answer.Answer, func(rr dns.RR) bool {
			_, ok := rr.(*dns.CNAME)
			return ok && strings.EqualFold(rr.Header().Name, name)
		})
		if i < 0 {
			break
		}
		name = answer.Answer[i].(*dns.CNAME).Target
	}
	return name
}
