package dnsrecords

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
)

// Hosts is the address of Waymark: a host name or IP addresses, never both. The
// zero value means unknown.
type Hosts struct {
	Name      address.Domain
	Addresses []netip.Addr // without zones, each once
}

// ParseHosts parses one host name or any number of IP addresses.
func ParseHosts(values []string) (Hosts, error) {
	var h Hosts
	for _, v := range values {
		if ip, err := netip.ParseAddr(v); err == nil {
			ip = ip.Unmap()
			if ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() {
				return Hosts{}, fmt.Errorf("%s is not an address that a client can reach", v)
			}
			if !slices.Contains(h.Addresses, ip) {
				h.Addresses = append(h.Addresses, ip)
			}
			continue
		}
		name, err := address.ParseDomain(v)
		if err != nil {
			return Hosts{}, fmt.Errorf("%q is neither a host name such as waymark.example.net nor an IP address", v)
		}
		if h.Name != "" && h.Name != name {
			return Hosts{}, errors.New("give one host name only: a CNAME record has one target")
		}
		h.Name = name
	}
	if h.Name != "" && len(h.Addresses) > 0 {
		return Hosts{}, errors.New("give a host name or IP addresses, not both: a CNAME record excludes addresses")
	}
	return h, nil
}

func (h Hosts) known() bool { return h.Name != "" || len(h.Addresses) > 0 }

// The purposes of the records that point to Waymark.
const (
	forAutoconfig   = "Autoconfig: Thunderbird, K-9, Evolution, KMail, FairEmail, Delta Chat and others"
	forAutodiscover = "Autodiscover: Outlook, eM Client and others"
	forPACC         = "PACC: newer clients"
)

// waymark adds the records that point to Waymark.
func (b *builder) waymark(o Options) {
	h := o.Hosts
	if !h.known() {
		b.note("the host of Waymark is not known: the records for autoconfig, autodiscover, ua-auto-config and _autodiscover._tcp are omitted")
	}
	if o.NoAutoconfig {
		b.note("the domain has no autoconfig document: the records for autoconfig are omitted")
	} else {
		b.leadTo(h, "autoconfig", forAutoconfig)
	}
	if o.NoAutodiscover {
		b.note("the domain has no Autodiscover document: the records for autodiscover and _autodiscover._tcp are omitted")
	} else {
		b.autodiscover(h)
	}
	if o.PACC == nil {
		b.note("the domain has no PACC document: the records for ua-auto-config and _ua-auto-config are omitted")
		return
	}
	b.leadTo(h, "ua-auto-config", forPACC)
	b.records = append(b.records, Record{Name: b.name("_ua-auto-config"), Type: TXT, Value: digest(o.PACC), Purpose: forPACC})
}

// autodiscover adds the records that lead clients of Autodiscover to Waymark.
func (b *builder) autodiscover(h Hosts) {
	b.leadTo(h, "autodiscover", forAutodiscover)
	switch {
	case h.Name != "":
		// Clients use port 443 of the target only (MS-OXDISCO section 3.1.5).
		b.records = append(b.records, Record{
			Name: b.name("_autodiscover._tcp"), Type: SRV, Port: 443, Value: string(h.Name) + ".", Purpose: forAutodiscover,
		})
	case h.known():
		b.note("_autodiscover._tcp is omitted: the target of an SRV record is a host name, not an IP address")
	}
}

// leadTo points a name below the domain to Waymark.
func (b *builder) leadTo(h Hosts, label, purpose string) {
	name := b.name(label)
	switch {
	case string(h.Name)+"." == name:
		b.note("%s is the host of Waymark: it keeps its own addresses, so its record is omitted", h.Name)
	case h.Name != "":
		b.records = append(b.records, Record{Name: name, Type: CNAME, Value: string(h.Name) + ".", Purpose: purpose})
	}
	for _, ip := range h.Addresses {
		t := A
		if ip.Is6() {
			t = AAAA
		}
		b.records = append(b.records, Record{Name: name, Type: t, Value: ip.String(), Purpose: purpose})
	}
}

// isAlias reports whether there is a CNAME record with this name.
func (b *builder) isAlias(name string) bool {
	return slices.ContainsFunc(b.records, func(r Record) bool { return r.Type == CNAME && r.Name == name })
}
