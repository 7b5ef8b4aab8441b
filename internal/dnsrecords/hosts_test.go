package dnsrecords

import (
	"net/netip"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestParseHosts(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tc := range []struct {
		name string
		in   []string
		want Hosts
	}{
		{"nothing", nil, Hosts{}},
		{"a name", []string{"Waymark.Example.NET."}, Hosts{Name: "waymark.example.net"}},
		{"one name in two spellings", []string{"waymark.example.net", "WAYMARK.example.net"}, Hosts{Name: "waymark.example.net"}},
		{"addresses in the order given", []string{"2001:db8::1", "192.0.2.1"}, Hosts{Addresses: []netip.Addr{v6, v4}}},
		{"an address in two spellings", []string{"2001:db8::1", "2001:DB8:0::1", "192.0.2.1", "::ffff:192.0.2.1"}, Hosts{Addresses: []netip.Addr{v6, v4}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseHosts(tc.in)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("%+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}

func TestParseHostsRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   []string
		want string
	}{
		{"nothing in it", []string{""}, `"" is neither a host name such as waymark.example.net nor an IP address`},
		{"a URL", []string{"https://waymark.example.net"}, `"https://waymark.example.net" is neither a host name such as waymark.example.net nor an IP address`},
		{"a port", []string{"waymark.example.net:443"}, `"waymark.example.net:443" is neither a host name such as waymark.example.net nor an IP address`},
		{"a line break", []string{"a\nb"}, `"a\nb" is neither a host name such as waymark.example.net nor an IP address`},
		{"brackets", []string{"[2001:db8::1]"}, `"[2001:db8::1]" is neither a host name such as waymark.example.net nor an IP address`},
		{"two names", []string{"a.example", "b.example"}, "give one host name only: a CNAME record has one target"},
		{"a name and an address", []string{"192.0.2.1", "a.example"}, "give a host name or IP addresses, not both: a CNAME record excludes addresses"},
		{"an address of one machine", []string{"fe80::1%eth0"}, "fe80::1%eth0 is not an address that a client can reach"},
		{"every address", []string{"0.0.0.0"}, "0.0.0.0 is not an address that a client can reach"},
		{"many machines", []string{"ff02::1"}, "ff02::1 is not an address that a client can reach"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseHosts(tc.in)
			if err == nil || err.Error() != tc.want || got.known() {
				t.Errorf("%+v, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add("waymark.example.net", "192.0.2.1")
	f.Add("2001:db8::1", "::ffff:192.0.2.1")
	f.Add("bücher.example", "")
	f.Add("fe80::1%eth0", "a b")
	f.Fuzz(func(t *testing.T, one, two string) {
		h, err := ParseHosts([]string{one, two})
		if err != nil {
			if h.known() || utf8.ValidString(one) && utf8.ValidString(two) && !utf8.ValidString(err.Error()) {
				t.Fatalf("%+v beside %v", h, err)
			}
			return
		}
		if (h.Name == "") == (len(h.Addresses) == 0) {
			t.Fatalf("not a name or addresses: %+v", h)
		}
		if h.Name != "" {
			if d, err := address.ParseDomain(string(h.Name)); err != nil || d != h.Name {
				t.Fatalf("%q is not canonical: %q, %v", h.Name, d, err)
			}
		}
		for _, ip := range h.Addresses {
			if ip.Zone() != "" || ip.Is4In6() {
				t.Fatalf("%v is not plain", ip)
			}
		}
	})
}
