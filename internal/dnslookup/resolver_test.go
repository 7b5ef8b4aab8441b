package dnslookup_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/test/dnstest"
)

const zone = `
example.com.            IN MX    10 Mail.example.com.
example.com.            IN TXT   "v=spf1 " "-all"
example.com.            IN TXT   "a\"b\\c\195\188"
example.com.            IN CAA   0 Issue "ca.example"
mail.example.com.       IN A     192.0.2.1
mail.example.com.       IN AAAA  2001:db8::1
www.example.com.        IN CNAME a.example.com.
a.example.com.          IN CNAME mail.example.com.
dangling.example.com.   IN CNAME nowhere.example.net.
loop.example.com.       IN CNAME loop2.example.com.
loop2.example.com.      IN CNAME loop.example.com.
_imaps._tcp.example.com. IN SRV  0 1 993 Mail.example.com.
_pop3._tcp.example.com. IN SRV   0 0 0 .
_443._tcp.example.com.  IN TLSA  3 1 1 ABCDEF
`

func resolver(t *testing.T, servers ...netip.AddrPort) *dnslookup.Resolver {
	t.Helper()
	r, err := dnslookup.New(servers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLookup(t *testing.T) {
	server := dnstest.Start(t, zone)
	r := resolver(t, server.Addr)
	for _, tc := range []struct {
		name string
		kind dnslookup.Type
		want string
	}{
		{"example.com", dnslookup.MX, "exists [] example.com 10 mail.example.com"},
		{"EXAMPLE.com.", dnslookup.TXT, `exists [] example.com "v=spf1 -all"; example.com "a\"b\\cü"`},
		{"example.com", dnslookup.CAA, `exists [] example.com issue "ca.example"`},
		{"example.com", dnslookup.A, "exists []"},
		{"mail.example.com", dnslookup.A, "exists [] mail.example.com 192.0.2.1"},
		{"mail.example.com", dnslookup.AAAA, "exists [] mail.example.com 2001:db8::1"},
		{"www.example.com", dnslookup.A, "exists [a.example.com mail.example.com] mail.example.com 192.0.2.1"},
		{"www.example.com", dnslookup.CNAME, "exists [] www.example.com a.example.com"},
		{"dangling.example.com", dnslookup.A, "absent [nowhere.example.net]"},
		{"_imaps._tcp.example.com", dnslookup.SRV, "exists [] _imaps._tcp.example.com 0 1 993 mail.example.com"},
		{"_pop3._tcp.example.com", dnslookup.SRV, "exists [] _pop3._tcp.example.com 0 0 0 ."},
		{"_443._tcp.example.com", dnslookup.TLSA, "exists [] _443._tcp.example.com 3 1 1 abcdef"},
		{"_tcp.example.com", dnslookup.A, "exists []"},
		{"missing.example.com", dnslookup.A, "absent []"},
	} {
		a, err := r.Lookup(t.Context(), tc.name, tc.kind)
		if got := shown(a); err != nil || got != tc.want {
			t.Errorf("%s %s: %s, %v; want %s", tc.name, tc.kind, got, err, tc.want)
		}
	}
	if _, err := r.Lookup(t.Context(), "loop.example.com", dnslookup.A); err == nil {
		t.Error("a loop of aliases is an answer")
	}
}

// shown writes an answer in the order of the fields that its type has.
func shown(a dnslookup.Answer) string {
	state := map[bool]string{true: "exists", false: "absent"}[a.Exists]
	var records []string
	for _, r := range a.Records {
		value := ""
		switch r.Type {
		case dnslookup.A, dnslookup.AAAA:
			value = r.Address.String()
		case dnslookup.CAA:
			value = fmt.Sprintf("%s %q", r.Tag, r.Text)
		case dnslookup.CNAME:
			value = r.Target
		case dnslookup.MX:
			value = fmt.Sprintf("%d %s", r.Priority, r.Target)
		case dnslookup.SRV:
			value = fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, r.Target)
		case dnslookup.TLSA:
			value = fmt.Sprintf("%d %d %d %s", r.Association.Usage, r.Association.Selector, r.Association.Matching, r.Association.Data)
		case dnslookup.TXT:
			value = fmt.Sprintf("%q", r.Text)
		}
		records = append(records, r.Name+" "+value)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %v %s", state, a.Aliases, strings.Join(records, "; ")))
}

// TestAuthoritative: a server without recursion answers for each alias alone.
func TestAuthoritative(t *testing.T) {
	server := dnstest.Start(t, zone)
	server.Authoritative()
	a, err := resolver(t, server.Addr).Lookup(t.Context(), "www.example.com", dnslookup.A)
	if want := "exists [a.example.com mail.example.com] mail.example.com 192.0.2.1"; err != nil || shown(a) != want {
		t.Errorf("%s, %v", shown(a), err)
	}
}

func TestLargeAnswersUseTCP(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "big.example.com. IN TXT \"%03d %s\"\n", i, strings.Repeat("x", 200))
	}
	a, err := resolver(t, dnstest.Start(t, text.String()).Addr).Lookup(t.Context(), "big.example.com", dnslookup.TXT)
	if err != nil || len(a.Records) != 60 || len(a.Texts("03")) != 10 {
		t.Errorf("%d records, %v", len(a.Records), err)
	}
}

func TestValidated(t *testing.T) {
	server := dnstest.Start(t, zone)
	for _, claim := range []bool{false, true} {
		server.Validated(claim)
		if a, err := resolver(t, server.Addr).Lookup(t.Context(), "www.example.com", dnslookup.A); err != nil || a.Validated != claim {
			t.Errorf("%v: %+v, %v", claim, a, err)
		}
	}
}

func TestFailures(t *testing.T) {
	server := dnstest.Start(t, zone)
	server.Fail("broken.example.com", "SERVFAIL")
	server.Fail("refused.example.com", "REFUSED")
	r := resolver(t, server.Addr)
	for name, want := range map[string]string{"broken.example.com": "returned SERVFAIL", "refused.example.com": "returned REFUSED"} {
		if _, err := r.Lookup(t.Context(), name, dnslookup.A); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := resolver(t, netip.MustParseAddrPort(silent.LocalAddr().String())).Lookup(ctx, "example.com", dnslookup.A); err == nil || !strings.HasSuffix(err.Error(), "did not answer in time") {
		t.Errorf("%v", err)
	}
}

// TestNextServer: a server that fails is not the last one.
func TestNextServer(t *testing.T) {
	broken := dnstest.Start(t, zone)
	broken.Fail("example.com", "SERVFAIL")
	a, err := resolver(t, broken.Addr, dnstest.Start(t, zone).Addr).Lookup(t.Context(), "example.com", dnslookup.MX)
	if err != nil || len(a.Targets()) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}
