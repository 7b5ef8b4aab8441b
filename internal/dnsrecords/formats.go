package dnsrecords

import (
	"fmt"
	"slices"
	"strings"
)

// printers are the output formats.
func printers() map[string]func(Set) ([]byte, error) {
	return map[string]func(Set) ([]byte, error){
		"zone":       zone,
		"cloudflare": cloudflare,
		"json":       asJSON,
		"octodns":    octoDNS,
		"dnscontrol": dnsControl,
		"nsupdate":   nsUpdate,
		"terraform":  terraform,
	}
}

// Formats lists the formats of Print, sorted.
func Formats() []string {
	var names []string
	for name := range printers() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Print returns the records in a format: "zone" for zone files, "cloudflare" for
// the import of Cloudflare, "json" with the notes, "octodns" for octoDNS,
// "dnscontrol" for DNSControl, "terraform" for the provider hashicorp/dns, and
// "nsupdate" for dynamic updates. The output of a Set is deterministic.
func (s Set) Print(format string) ([]byte, error) {
	p, ok := printers()[format]
	if !ok {
		return nil, fmt.Errorf("unknown format %q; known: %s", format, strings.Join(Formats(), ", "))
	}
	return p(s)
}

// label returns the name of a record relative to the domain.
func (s Set) label(r Record) string { return strings.TrimSuffix(r.Name, "."+string(s.Domain)+".") }
