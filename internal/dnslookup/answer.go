package dnslookup

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Type is the type of a record.
type Type string

// The types that can be asked for.
const (
	A     Type = "A"
	AAAA  Type = "AAAA"
	CAA   Type = "CAA"
	CNAME Type = "CNAME"
	MX    Type = "MX"
	SRV   Type = "SRV"
	TLSA  Type = "TLSA"
	TXT   Type = "TXT"
)

// Answer is what a resolver knows of one name and type.
type Answer struct {
	// Exists is false when the name, or the name that its aliases lead to, does not
	// exist. A name can exist without a record of the type.
	Exists bool
	// Aliases are the targets of the CNAME records that were followed.
	Aliases []string
	Records []Record
	// Validated is set when the resolver claims to have validated the answer by
	// DNSSEC. The claim is worth as much as the resolver and the way to it.
	Validated bool
}

// Record is one record. Names are in lower case, without a final dot; the root is
// ".".
type Record struct {
	Name                   string
	Type                   Type
	Priority, Weight, Port uint16     // of SRV; Priority also the preference of MX
	Address                netip.Addr // of A and AAAA
	Target                 string     // of CNAME, MX and SRV
	Text                   string     // of TXT, all strings concatenated; the value of CAA
	Tag                    string     // of CAA
	Association            Association
}

// Association is the content of a TLSA record (RFC 6698 section 2.1).
type Association struct {
	Usage, Selector, Matching uint8
	Data                      string // in hexadecimal
}

// Targets returns the targets of the records.
func (a Answer) Targets() []string {
	var all []string
	for _, r := range a.Records {
		all = append(all, r.Target)
	}
	return all
}

// Texts returns the texts of the records that begin with a prefix, in any case.
func (a Answer) Texts(prefix string) []string {
	var all []string
	for _, r := range a.Records {
		if len(r.Text) >= len(prefix) && strings.EqualFold(r.Text[:len(prefix)], prefix) {
			all = append(all, r.Text)
		}
	}
	return all
}

// Addresses returns the addresses of the records.
func (a Answer) Addresses() []netip.Addr {
	var all []netip.Addr
	for _, r := range a.Records {
		all = append(all, r.Address)
	}
	return all
}

// plain returns a name in lower case without its final dot.
func plain(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// readRecord converts a record of the library; false for other types.
func readRecord(rr dns.RR) (Record, bool) {
	r := Record{Name: plain(rr.Header().Name), Type: Type(dns.TypeToString[rr.Header().Rrtype])}
	switch rr := rr.(type) {
	case *dns.A:
		r.Address, _ = netip.AddrFromSlice(rr.A.To4())
	case *dns.AAAA:
		r.Address, _ = netip.AddrFromSlice(rr.AAAA.To16())
	case *dns.CAA:
		r.Tag, r.Text = strings.ToLower(rr.Tag), unescaped(rr.Value)
	case *dns.CNAME:
		r.Target = plain(rr.Target)
	case *dns.MX:
		r.Priority, r.Target = rr.Preference, plain(rr.Mx)
	case *dns.SRV:
		r.Priority, r.Weight, r.Port, r.Target = rr.Priority, rr.Weight, rr.Port, plain(rr.Target)
	case *dns.TLSA:
		r.Association = Association{rr.Usage, rr.Selector, rr.MatchingType, strings.ToLower(rr.Certificate)}
	case *dns.TXT:
		r.Text = unescaped(strings.Join(rr.Txt, ""))
	default:
		return Record{}, false
	}
	return r, r.Address.IsValid() || r.Type != A && r.Type != AAAA
}

// unescaped undoes the escapes of master files, in which the library keeps texts
// (RFC 1035 section 5.1).
func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		if i+3 < len(text) {
			if octet, err := strconv.ParseUint(text[i+1:i+4], 10, 8); err == nil {
				b.WriteByte(byte(octet))
				i += 3
				continue
			}
		}
		i++
		b.WriteByte(text[i])
	}
	return b.String()
}
