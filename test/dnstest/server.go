package dnstest

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server is a DNS server over UDP and TCP.
type Server struct {
	Addr netip.AddrPort

	mu                       sync.Mutex
	records                  map[string][]dns.RR
	codes                    map[string]int
	authoritative, validated bool
}

// Authoritative makes it a server without recursion, which follows no alias.
func (s *Server) Authoritative() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authoritative = true
}

// Validated makes it claim or deny that all answers are validated by DNSSEC.
func (s *Server) Validated(claim bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.validated = claim
}

// Start starts a server that answers from records in the form of zone files. A
// name without records does not exist, unless names below it have some.
func Start(t testing.TB, zone string) *Server {
	t.Helper()
	s := &Server{records: map[string][]dns.RR{}, codes: map[string]int{}}
	s.Add(t, zone)
	s.Addr = Serve(t, s)
	return s
}

// Serve answers by a handler, over UDP and TCP on one port of loopback, until the test
// ends.
func Serve(t testing.TB, h dns.Handler) netip.AddrPort {
	t.Helper()
	return serve(t, h, func(*dns.Server) {})
}

// serve is Serve with servers that are changed before they start.
func serve(t testing.TB, h dns.Handler, change func(*dns.Server)) netip.AddrPort {
	t.Helper()
	// A port is free for both only by luck.
	var l net.Listener
	var p net.PacketConn
	for {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if p, err = net.ListenPacket("udp", l.Addr().String()); err == nil {
			break
		}
		_ = l.Close()
	}
	for _, server := range []*dns.Server{{Listener: l, Handler: h}, {PacketConn: p, Handler: h}} {
		change(server)
		var up sync.WaitGroup
		up.Add(1)
		server.NotifyStartedFunc = up.Done
		done := make(chan error, 1)
		go func() { done <- server.ActivateAndServe() }()
		up.Wait()
		t.Cleanup(func() {
			_ = server.Shutdown()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	return netip.MustParseAddrPort(l.Addr().String())
}

// Add adds records.
func (s *Server) Add(t testing.TB, zone string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	parser := dns.NewZoneParser(strings.NewReader(zone), ".", "")
	parser.SetDefaultTTL(3600)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := strings.ToLower(rr.Header().Name)
		s.records[name] = append(s.records[name], rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
}

// Remove removes the records of a name, such as "autoconfig.example.com"; those of
// one type when types are given.
func (s *Server) Remove(name string, types ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = dns.Fqdn(name)
	var kept []dns.RR
	for _, rr := range s.records[name] {
		for _, t := range types {
			if dns.TypeToString[rr.Header().Rrtype] != t {
				kept = append(kept, rr)
			}
		}
	}
	s.records[name] = kept
}

// Fail makes the server return an error code such as "SERVFAIL" for a name.
func (s *Server) Fail(name, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[dns.Fqdn(name)] = dns.StringToRcode[code]
}

// ServeDNS answers one question.
func (s *Server) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := new(dns.Msg).SetReply(r)
	reply.RecursionAvailable, reply.Authoritative, reply.AuthenticatedData = !s.authoritative, s.authoritative, s.validated
	name := strings.ToLower(r.Question[0].Name)
	for range 9 {
		if code := s.codes[name]; code != 0 {
			reply.Rcode = code
			break
		}
		if !s.exists(name) {
			reply.Rcode = dns.RcodeNameError
			break
		}
		next := ""
		for _, rr := range s.records[name] {
			c, isAlias := rr.(*dns.CNAME)
			if isAlias && r.Question[0].Qtype != dns.TypeCNAME {
				next = strings.ToLower(c.Target)
			}
			if isAlias || rr.Header().Rrtype == r.Question[0].Qtype {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		if next == "" || s.authoritative {
			break
		}
		name = next
	}
	if size := r.IsEdns0(); w.RemoteAddr().Network() == "udp" {
		if size == nil {
			reply.Truncate(dns.MinMsgSize)
		} else {
			reply.Truncate(int(size.UDPSize()))
		}
	}
	_ = w.WriteMsg(reply) // a client that went away is no concern
}

// exists reports whether a name, or a name below it, has records.
func (s *Server) exists(name string) bool {
	for owner, records := range s.records {
		if len(records) > 0 && (owner == name || strings.HasSuffix(owner, "."+name)) {
			return true
		}
	}
	return false
}
