package dnsrecords

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TTL is the time to live of each record, in seconds. An old digest must stay
// published beside a new one for as long.
const TTL = 3600

// Type is the type of a resource record.
type Type string

// The types of the records.
const (
	A     Type = "A"
	AAAA  Type = "AAAA"
	CNAME Type = "CNAME"
	SRV   Type = "SRV"
	TXT   Type = "TXT"
)

// Record is one resource record of class IN.
type Record struct {
	Name string // the owner, complete and with its final dot
	Type Type
	// Priority, Weight and Port are those of SRV (RFC 2782); 0 for other types.
	Priority, Weight, Port uint16
	// Value is the address of A and AAAA, the target of CNAME and SRV with its
	// final dot, or the text of TXT with at most 255 octets of ASCII. The target
	// "." of SRV means that the service is not offered.
	Value string
	// Purpose describes the record for people. Records of one purpose are
	// consecutive.
	Purpose string
}

// Content returns what a form of a DNS provider asks for besides name and type: the
// value, behind priority, weight and port for SRV.
func (r Record) Content() string {
	if r.Type == SRV {
		return fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, r.Value)
	}
	return r.Value
}

// Set is the records to publish for one domain.
type Set struct {
	Domain  address.Domain
	Records []Record // in an order that depends on the settings alone
	// Notes are remarks about what the records omit or cannot express.
	Notes []string
}

// Options configure For.
type Options struct {
	// Hosts is the address of Waymark; for the zero value, the records that point
	// to it are omitted.
	Hosts Hosts
	// PACC holds the exact bytes of the domain's PACC document
	// (draft-ietf-mailmaint-pacc); nil for none.
	PACC []byte
	// MTASTS is the domain's policy (RFC 8461); nil for none.
	MTASTS []byte
	// NoAutoconfig and NoAutodiscover report that Waymark has no such answer for
	// the domain. A record would keep clients from finding one elsewhere.
	NoAutoconfig, NoAutodiscover bool
	// DenyMissing adds records which declare that other services do not exist. Only
	// an operator knows that: the settings may omit a service that exists.
	DenyMissing bool
}

// For returns the records of the domain of s. The error is about a domain that is
// too long for the names of its records.
func For(s settings.Settings, o Options) (Set, error) {
	b := builder{domain: s.Domain, denyMissing: o.DenyMissing}
	b.waymark(o)
	b.mtaSTS(s, o)
	b.services(s)
	for _, r := range b.records {
		if len(r.Name)-1 > maxName {
			return Set{}, fmt.Errorf("the domain is too long: the name %s has more than %d octets", r.Name, maxName)
		}
	}
	return Set{Domain: s.Domain, Records: b.records, Notes: b.notes}, nil
}

// maxName is the length of a name in octets, less its final dot (RFC 1035
// section 2.3.4).
const maxName = 253

// builder collects the records of one domain.
type builder struct {
	domain      address.Domain
	denyMissing bool
	records     []Record
	notes       []string
}

func (b *builder) name(label string) string { return label + "." + string(b.domain) + "." }

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// digest returns the text by which a client verifies the document
// (draft-ietf-mailmaint-pacc).
func digest(document []byte) string {
	sum := sha256.Sum256(document)
	return "v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
}
