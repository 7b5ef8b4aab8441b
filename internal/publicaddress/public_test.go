package publicaddress_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/publicaddress"
)

// TestIs has 64:ff9b::9.9.9.9 as public: that is 9.9.9.9 behind NAT64.
func TestIs(t *testing.T) {
	for want, addresses := range map[bool]string{
		true: `9.9.9.9 2620:fe::fe ::ffff:9.9.9.9 64:ff9b::9.9.9.9 2a00:1450:4001:81b::200e%0`,
		false: `0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 192.0.0.8
			192.0.2.1 192.168.1.1 198.19.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1
			::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:0:10.0.0.1 64:ff9b::127.0.0.1
			64:ff9b::169.254.169.254 64:ff9b:1::9.9.9.9 100::1 2001::1 2001:db8::1 2002:7f00:1::1 fc00::1 fd12::1
			fe80::1 fe80::1%eth0 fec0::1 ff02::1 3fff::1`,
	} {
		for address := range strings.FieldsSeq(addresses) {
			if got := publicaddress.Is(netip.MustParseAddr(address)); got != want {
				t.Errorf("%s: got %v", address, got)
			}
		}
	}
}
