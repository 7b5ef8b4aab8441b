package mxsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

var ours = []source.Pattern{
	{Match: "*.mail.example", Provider: "hoster"},
	{Match: "*.eu.mail.example", Provider: "europe"},
	{Match: "Special.eu.mail.example.", Provider: "special"},
	{Match: "mx.other.example", Provider: "other"},
	{Match: "*.bücher.example", Provider: "books"},
}

func open(t testing.TB, timeout time.Duration, resolvers ...string) *Source {
	t.Helper()
	var at []netip.AddrPort
	for _, r := range resolvers {
		at = append(at, netip.MustParseAddrPort(r))
	}
	s, err := New("mx", source.MX{Resolvers: at, Patterns: ours, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want || errors.Is(err, source.ErrNotFound) != (want == source.ErrNotFound.Error()) {
		t.Errorf("got the error %q, want %q", got, want)
	}
}

func TestDomain(t *testing.T) {
	many := ""
	for i := range 200 {
		many += fmt.Sprintf("many.example. 60 IN MX %d mx%d.elsewhere.example.\n", i, i)
	}
	server := newResolver(t, zone(t, `
plain.example.     60 IN MX 10 mx1.mail.example.
deep.example.      60 IN MX 10 a.b.c.mail.example.
parent.example.    60 IN MX 10 mail.example.
lookalike.example. 60 IN MX 10 notmail.example.
tail.example.      60 IN MX 10 mx.mail.example.evil.example.
exact.example.     60 IN MX 10 mx.other.example.
below.example.     60 IN MX 10 a.mx.other.example.
close.example.     60 IN MX 10 mx.eu.mail.example.
special.example.   60 IN MX 10 special.eu.mail.example.
upper.example.     60 IN MX 10 MX1.Mail.EXAMPLE.
idn.example.       60 IN MX 10 mx.XN--BCHER-kva.example.
xn--bcher-kva.example. 60 IN MX 10 mx1.mail.example.
null.example.      60 IN MX 0 .
nullandmore.example. 60 IN MX 0 .
nullandmore.example. 60 IN MX 10 mx1.mail.example.
nomx.example.      60 IN A 192.0.2.1
spam.example.      60 IN MX 10 filter.elsewhere.example.
spam.example.      60 IN MX 20 mx1.mail.example.
order.example.     60 IN MX 100 mx.other.example.
order.example.     60 IN MX 5   mx.elsewhere.example.
order.example.     60 IN MX 20  mx1.mail.example.
equal.example.     60 IN MX 10 mx.other.example.
equal.example.     60 IN MX 10 mx.eu.mail.example.
elsewhere.example. 60 IN MX 10 mx.elsewhere.example.
strange.example.   60 IN MX 10 my\032host.mail.example.
strange.example.   60 IN MX 20 _x.mail.example.
strange.example.   60 IN MX 30 mx.other.example.
alias.example.     60 IN CNAME alias2.example.
alias2.example.    60 IN CNAME Plain.Example.
aliasofnothing.example. 60 IN CNAME nomx.example.
loop.example.      60 IN CNAME loop2.example.
loop2.example.     60 IN CNAME loop.example.
vanity.example.    60 IN MX 10 mx.vanity.example.
mx.vanity.example. 60 IN CNAME mx1.mail.example.
many.example.      60 IN MX 999 mx1.mail.example.
`+many))
	s := open(t, time.Minute, server.addr)
	for _, tc := range []struct {
		name     string
		domain   address.Domain
		provider string // "" for not found
	}{
		{"an exchanger below the domain", "plain.example", "hoster"},
		{"far below it", "deep.example", "hoster"},
		{"the domain itself", "parent.example", ""},
		{"a name that ends alike", "lookalike.example", ""},
		{"a name that begins alike", "tail.example", ""},
		{"a host name", "exact.example", "other"},
		{"below a host name", "below.example", ""},
		{"the closer pattern", "close.example", "europe"},
		{"the host name before the domains above it", "special.example", "special"},
		{"in upper case", "upper.example", "hoster"},
		{"an international exchanger", "idn.example", "books"},
		{"an international domain", "xn--bcher-kva.example", "hoster"},
		{"a null MX", "null.example", ""},
		{"a null MX that is not alone", "nullandmore.example", "hoster"},
		{"no MX", "nomx.example", ""},
		{"no such domain", "unknown.example", ""},
		{"no domain", "", ""},
		{"a filter in front", "spam.example", "hoster"},
		{"the most preferred of ours", "order.example", "hoster"},
		{"equally preferred, by name", "equal.example", "europe"},
		{"somebody else's", "elsewhere.example", ""},
		{"names that are no host names", "strange.example", "other"},
		{"an alias of a domain", "alias.example", "hoster"},
		{"an alias of a domain without MX", "aliasofnothing.example", ""},
		{"aliases without end", "loop.example", ""},
		{"an exchanger that is an alias", "vanity.example", ""},
		{"too many for a datagram", "many.example", "hoster"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.Domain(t.Context(), tc.domain)
			want := ""
			if tc.provider == "" {
				want = "not found"
			}
			wantError(t, err, want)
			if !reflect.DeepEqual(got, source.Record{Provider: tc.provider}) {
				t.Errorf("got %+v, want the provider %s", got, tc.provider)
			}
		})
	}
	if n := server.overTCP.Load(); n != 1 {
		t.Errorf("%d answers went over TCP, want the one that is too long", n)
	}
	if _, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "plain.example"}); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("a mailbox: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestResolversThatCannotTell(t *testing.T) {
	const good = "plain.example. 60 IN MX 10 mx1.mail.example."
	for _, tc := range []struct {
		name   string
		answer func(r, reply *dns.Msg) bool
		want   string
		asked  int64 // including the question of Check, which tells a zone from a resolver
	}{
		{"SERVFAIL", fails(dns.RcodeServerFailure), "returned SERVFAIL", 1},
		{"REFUSED", fails(dns.RcodeRefused), "returned REFUSED", 2},
		{"an unknown code", fails(15), "returned code 15", 2},
		{"silence", silent, "did not answer in time", 4},
		{"another question", func(r, reply *dns.Msg) bool {
			zone(t, good)(r, reply)
			reply.Question[0].Name = "other.example."
			return true
		}, "answered another question", 2},
		{"a question", func(r, reply *dns.Msg) bool {
			zone(t, good)(r, reply)
			reply.Response = false
			return true
		}, "answered another question", 2},
		{"the servers to ask", func(_, reply *dns.Msg) bool {
			reply.RecursionAvailable = false
			return true
		}, "does not offer recursion", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := newResolver(t, tc.answer)
			s := open(t, time.Second, bad.addr)
			_, err := s.Domain(t.Context(), "plain.example")
			wantError(t, err, "mx: the resolver "+bad.addr+" "+tc.want)
			if n := bad.asked.Load(); n != tc.asked {
				t.Errorf("it was asked %d times, want %d", n, tc.asked)
			}
			wantError(t, s.Check(t.Context()), "mx: the resolver "+bad.addr+" "+tc.want)

			fine, before := newResolver(t, zone(t, good)), bad.asked.Load()
			s = open(t, 2*time.Second, bad.addr, fine.addr)
			for range 3 {
				if got, err := s.Domain(t.Context(), "plain.example"); err != nil || got.Provider != "hoster" {
					t.Fatalf("with another resolver: %+v, %v", got, err)
				}
			}
			if n := bad.asked.Load() - before; n != 1 {
				t.Errorf("it was asked %d times beside another that answers, want once", n)
			}
		})
	}
}

func TestAnAuthorityAnswersForItself(t *testing.T) {
	records := zone(t, "plain.example. 60 IN MX 10 mx1.mail.example.")
	server := newResolver(t, func(r, reply *dns.Msg) bool {
		reply.RecursionAvailable, reply.Authoritative = false, true
		return records(r, reply)
	})
	if got, err := open(t, time.Minute, server.addr).Domain(t.Context(), "plain.example"); err != nil || got.Provider != "hoster" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNobodyListens(t *testing.T) {
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	_, err = open(t, time.Minute, gone.LocalAddr().String()).Domain(t.Context(), "plain.example")
	if err == nil || !strings.HasPrefix(err.Error(), "mx: the resolver "+gone.LocalAddr().String()+" does not answer: ") || !strings.HasSuffix(err.Error(), "connection refused") {
		t.Error(err)
	}
}

func TestACallerWhoGivesUp(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := newResolver(t, func(_, _ *dns.Msg) bool {
		asked <- struct{}{}
		return false
	})
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		<-asked
		giveUp()
	}()
	if _, err := open(t, time.Hour, server.addr).Domain(ctx, "plain.example"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRecordsOfOtherNamesSayNothing(t *testing.T) {
	answer := new(dns.Msg)
	for _, text := range []string{"other.example. 60 IN MX 1 mx.mail.example.", "plain.example. 60 IN MX 10 mx.elsewhere.example."} {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		answer.Answer = append(answer.Answer, rr)
	}
	if got := exchangers(answer, "Plain.example."); !slices.Equal(got, []address.Domain{"mx.elsewhere.example"}) {
		t.Errorf("got %v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	one := []source.Pattern{{Match: "*.mail.example", Provider: "hoster"}}
	resolver := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("[2001:db8::53]:5353")}
	for _, tc := range []struct {
		name    string
		options source.MX
		want    string
	}{
		{"nothing", source.MX{Resolvers: resolver, Patterns: one}, ""},
		{"the same twice", source.MX{Resolvers: resolver, Patterns: append(one, one...)}, ""},
		{"no patterns", source.MX{Resolvers: resolver}, "mx: no provider lists its mail exchangers under mx"},
		{"everything at once", source.MX{Resolvers: resolver, Timeout: -1, Patterns: []source.Pattern{
			{Match: "mail.*.example", Provider: "a"}, {Match: "*", Provider: "a"}, {Match: "", Provider: "a"}, {Match: "*.", Provider: "a"}, {Match: "*.com", Provider: "a"},
			{Match: "mx.example"}, {Match: "MX.a.example", Provider: "a"}, {Match: "mx.a.example.", Provider: "b"}, {Match: "*.a.example", Provider: "c"},
		}}, `mx: timeout: must be more than 0
mx: the pattern "mail.*.example" must be a host name, or *. and a domain
mx: the pattern "*" must be a host name, or *. and a domain
mx: the pattern "" must be a host name, or *. and a domain
mx: the pattern "*." must be a host name, or *. and a domain
mx: the pattern "*.com" matches a whole top-level domain
mx: the pattern "mx.example" has no provider
mx: the pattern "mx.a.example." is listed for a and for b`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := New("mx", tc.options)
			wantError(t, err, tc.want)
		})
	}
}

func TestSystemResolvers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	for text, want := range map[string]string{
		"search example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions edns0\n": "192.0.2.53:53 [2001:db8::53]:53",
		"search example\n": "resolvers: none are named, and " + file + " lists none",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := resolvers(nil, file)
		if err != nil {
			got = []string{err.Error()}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	_, err := resolvers(nil, "/nowhere")
	wantError(t, err, "resolvers: none are named, and the system's cannot be read: open /nowhere: no such file or directory")
}

// TestTheGuide compares the patterns of the guide with its explanations.
func TestTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/directory-mx.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []source.Pattern
	for _, m := range regexp.MustCompile(`mx: \[(.*)\]`).FindAllSubmatch(guide, -1) {
		for match := range strings.SplitSeq(string(m[1]), ", ") {
			list = append(list, source.Pattern{Match: strings.Trim(match, `"`), Provider: "mine"})
		}
	}
	p, errs := newPatterns(list)
	if len(errs) > 0 || len(list) != 2 {
		t.Fatal(list, errs)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (yes|no)").FindAllSubmatch(guide, -1)
	if len(rows) < 4 {
		t.Fatalf("the guide has %d examples", len(rows))
	}
	for _, row := range rows {
		host, err := address.ParseDomain(string(row[1]))
		if err != nil {
			t.Fatal(err)
		}
		if _, fits := p.provider(host); fits != (string(row[2]) == "yes") {
			t.Errorf("the guide says %s of %s", row[2], row[1])
		}
	}
}

// FuzzExchangers reads what a resolver may send: hosts are canonical names, in
// the order of their preference, and come from records of the name asked.
func FuzzExchangers(f *testing.F) {
	for _, text := range []string{
		"a.example. 60 IN MX 10 mx1.mail.example.", "a.example. 60 IN MX 0 .", "a.example. 60 IN CNAME b.example.",
		`a.example. 60 IN MX 1 \255\000.x.`, "b.example. 60 IN MX 10 mx1.mail.example.",
	} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m := new(dns.Msg).SetQuestion("a.example.", dns.TypeMX)
		m.Answer = []dns.RR{rr, rr}
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		m := new(dns.Msg)
		if m.Unpack(packed) != nil {
			return
		}
		var asked []string // the hosts of all MX records, as they are written
		for _, rr := range m.Answer {
			if mx, ok := rr.(*dns.MX); ok {
				if d, err := address.ParseDomain(mx.Mx); err == nil {
					asked = append(asked, string(d))
				}
			}
		}
		for _, host := range exchangers(m, "a.example.") {
			if again, err := address.ParseDomain(string(host)); err != nil || again != host || !slices.Contains(asked, string(host)) {
				t.Fatalf("%q is no exchanger of %v", host, m)
			}
		}
	})
}

func BenchmarkDomain(b *testing.B) {
	s := open(b, time.Minute, newResolver(b, zone(b, "plain.example. 60 IN MX 10 mx1.mail.example.")).addr)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Domain(b.Context(), "plain.example"); err != nil {
			b.Fatal(err)
		}
	}
}
