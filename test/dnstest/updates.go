package dnstest

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Updated is a server that takes updates (RFC 2136) of TXT records in one zone.
type Updated struct {
	*Server
	zone  string // with a dot at the end
	added []string
}

// StartUpdated starts a server as Start, which refuses updates that are not signed with
// this key (TSIG).
func StartUpdated(t testing.TB, records, zone, keyName, key string) *Updated {
	t.Helper()
	u := &Updated{Server: &Server{records: map[string][]dns.RR{}, codes: map[string]int{}}, zone: dns.Fqdn(zone)}
	u.Add(t, records)
	u.Addr = serve(t, u, func(s *dns.Server) {
		s.TsigSecret = map[string]string{dns.Fqdn(keyName): key}
		s.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept } // updates, too
	})
	return u
}

// Added returns the names that had a record added, one for each record.
func (u *Updated) Added() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.added)
}

// TXT returns how many TXT records there are.
func (u *Updated) TXT() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for _, rrs := range u.records {
		for _, rr := range rrs {
			if rr.Header().Rrtype == dns.TypeTXT {
				n++
			}
		}
	}
	return n
}

// ServeDNS answers a question, or takes an update.
func (u *Updated) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	if r.Opcode != dns.OpcodeUpdate {
		u.Server.ServeDNS(w, r)
		return
	}
	reply := new(dns.Msg).SetReply(r)
	signed := r.IsTsig()
	switch {
	case signed == nil:
		reply.Rcode = dns.RcodeRefused
	case w.TsigStatus() != nil || r.Question[0].Name != u.zone:
		reply.Rcode = dns.RcodeNotAuth
	default:
		u.update(r.Ns)
		reply.SetTsig(signed.Hdr.Name, signed.Algorithm, signed.Fudge, int64(signed.TimeSigned))
	}
	_ = w.WriteMsg(reply)
}

func (u *Updated) update(changes []dns.RR) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, rr := range changes {
		txt, ok := rr.(*dns.TXT)
		name := strings.ToLower(rr.Header().Name)
		switch {
		case !ok || !dns.IsSubDomain(u.zone, name):
		case txt.Hdr.Class == dns.ClassINET:
			u.records[name] = append(u.records[name], rr)
			u.added = append(u.added, strings.TrimSuffix(name, "."))
		case txt.Hdr.Class == dns.ClassNONE: // removes this one
			u.records[name] = slices.DeleteFunc(u.records[name], func(have dns.RR) bool {
				old, ok := have.(*dns.TXT)
				return ok && slices.Equal(old.Txt, txt.Txt)
			})
		}
	}
}
