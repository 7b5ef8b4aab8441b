package dnsrecords

import (
	"bytes"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// zone prints master file lines (RFC 1035 section 5), with a comment before the
// records of each purpose. Names are absolute, so they do not depend on $ORIGIN.
func zone(s Set) ([]byte, error) {
	var out bytes.Buffer
	purpose := ""
	for _, r := range s.Records {
		rr, err := r.rr()
		if err != nil {
			return nil, err
		}
		if r.Purpose != purpose {
			purpose = r.Purpose
			fmt.Fprintf(&out, "; %s\n", purpose)
		}
		fmt.Fprintln(&out, rr)
	}
	return out.Bytes(), nil
}

// cloudflare prints the same lines without comments: Cloudflare parses the text
// after a semicolon as attributes of a record.
func cloudflare(s Set) ([]byte, error) {
	var out bytes.Buffer
	for _, r := range s.Records {
		rr, err := r.rr()
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(&out, rr)
	}
	return out.Bytes(), nil
}

// rr converts a record for the DNS library.
func (r Record) rr() (dns.RR, error) {
	header := func(t uint16) dns.RR_Header {
		return dns.RR_Header{Name: r.Name, Rrtype: t, Class: dns.ClassINET, Ttl: TTL}
	}
	switch r.Type {
	case A:
		return &dns.A{Hdr: header(dns.TypeA), A: net.ParseIP(r.Value)}, nil
	case AAAA:
		return &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: net.ParseIP(r.Value)}, nil
	case CNAME:
		return &dns.CNAME{Hdr: header(dns.TypeCNAME), Target: r.Value}, nil
	case SRV:
		return &dns.SRV{Hdr: header(dns.TypeSRV), Priority: r.Priority, Weight: r.Weight, Port: r.Port, Target: r.Value}, nil
	case TXT:
		// The library stores text escaped, and escapes quotes itself.
		text := strings.ReplaceAll(r.Value, `\`, `\\`)
		return &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{text}}, nil
	}
	return nil, fmt.Errorf("a record of type %s cannot be printed", r.Type)
}
