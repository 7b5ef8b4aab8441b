package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// zone holds the records that a domain publishes.
type zone struct {
	domain  string // as in example.com
	records []dns.RR
}

// maxRecords is more than clients look up; one $GENERATE can make many.
const maxRecords = 1000

func readZone(text, domain string) (zone, error) {
	z := zone{domain: domain}
	parser := dns.NewZoneParser(strings.NewReader(text), dns.Fqdn(domain), "")
	parser.SetDefaultTTL(3600)
	for record, ok := parser.Next(); ok; record, ok = parser.Next() {
		if len(z.records) == maxRecords {
			return zone{}, fmt.Errorf("the zone of %s has over %d records; pass only those for mail clients", domain, maxRecords)
		}
		z.records = append(z.records, record)
	}
	if err := parser.Err(); err != nil {
		return zone{}, fmt.Errorf("the zone cannot be read: %w", err)
	}
	if len(z.records) == 0 {
		return zone{}, fmt.Errorf("the zone of %s has no records", domain)
	}
	return z, nil
}

// plain returns a name without its final dot, in lower case.
func plain(name string) string { return strings.TrimSuffix(dns.CanonicalName(name), ".") }

// at returns the records of a name.
func (z zone) at(name string) []dns.RR {
	var found []dns.RR
	for _, r := range z.records {
		if plain(r.Header().Name) == name {
			found = append(found, r)
		}
	}
	return found
}

// services returns the SRV records of a service such as _imaps._tcp.
func (z zone) services(service string) []*dns.SRV {
	var found []*dns.SRV
	for _, r := range z.at(service + "." + z.domain) {
		if srv, ok := r.(*dns.SRV); ok {
			found = append(found, srv)
		}
	}
	return found
}

// points reports whether a service has a record for that host and port.
func (z zone) points(service, host string, port uint16) bool {
	return slices.ContainsFunc(z.services(service), func(r *dns.SRV) bool { return plain(r.Target) == host && r.Port == port })
}

// texts returns the TXT records of a name, the strings of each concatenated.
func (z zone) texts(name string) []string {
	var found []string
	for _, r := range z.at(name) {
		if txt, ok := r.(*dns.TXT); ok {
			found = append(found, strings.ReplaceAll(strings.Join(txt.Txt, ""), `\;`, ";"))
		}
	}
	return found
}

// isAlias reports whether the zone has a CNAME for a name.
func (z zone) isAlias(name string) bool {
	return slices.ContainsFunc(z.at(name), func(r dns.RR) bool { _, ok := r.(*dns.CNAME); return ok })
}
