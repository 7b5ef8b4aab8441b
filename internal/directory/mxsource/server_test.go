package mxsource

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/test/dnstest"
)

// resolver is a DNS server of our own on loopback, over UDP and TCP.
type resolver struct {
	addr           string
	asked, overTCP atomic.Int64
}

// newResolver starts a server. answer fills in the reply and returns whether
// to send it.
func newResolver(t testing.TB, answer func(r, reply *dns.Msg) bool) *resolver {
	t.Helper()
	s := &resolver{}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		s.asked.Add(1)
		reply := new(dns.Msg).SetReply(r)
		reply.RecursionAvailable = true
		if !answer(r, reply) {
			return
		}
		if size := r.IsEdns0(); w.RemoteAddr().Network() == "udp" {
			if size == nil {
				reply.Truncate(dns.MinMsgSize)
			} else {
				reply.Truncate(int(size.UDPSize()))
			}
		} else {
			s.overTCP.Add(1)
		}
		_ = w.WriteMsg(reply) // a client that went away is no concern
	})
	s.addr = dnstest.Serve(t, handler).String()
	return s
}

// zone answers out of records in the form of zone files; a domain that has
// none does not exist. It follows aliases as resolvers do.
func zone(t testing.TB, text string) func(r, reply *dns.Msg) bool {
	t.Helper()
	records := map[string][]dns.RR{}
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := strings.ToLower(rr.Header().Name)
		records[name] = append(records[name], rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return func(r, reply *dns.Msg) bool {
		name := strings.ToLower(r.Question[0].Name)
		if len(records[name]) == 0 {
			reply.Rcode = dns.RcodeNameError
		}
		for range 8 {
			next := ""
			for _, rr := range records[name] {
				if c, ok := rr.(*dns.CNAME); ok {
					next = strings.ToLower(c.Target)
				}
				if t := rr.Header().Rrtype; t == r.Question[0].Qtype || t == dns.TypeCNAME {
					reply.Answer = append(reply.Answer, rr)
				}
			}
			if next == "" {
				break
			}
			name = next
		}
		return true
	}
}

// fails answers with an error code.
func fails(code int) func(r, reply *dns.Msg) bool {
	return func(_, reply *dns.Msg) bool {
		reply.Rcode = code
		return true
	}
}

func silent(_, _ *dns.Msg) bool { return false }
