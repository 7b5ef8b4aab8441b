package passwordcheck

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// TestPublic has 64:ff9b::9.9.9.9 as public: that is 9.9.9.9 behind NAT64.
func TestPublic(t *testing.T) {
	for want, addresses := range map[bool]string{
		true: `9.9.9.9 2620:fe::fe ::ffff:9.9.9.9 64:ff9b::9.9.9.9 2a00:1450:4001:81b::200e%0`,
		false: `0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 192.0.0.8
			192.0.2.1 192.168.1.1 198.19.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1
			::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:0:10.0.0.1 64:ff9b::127.0.0.1
			64:ff9b::169.254.169.254 64:ff9b:1::9.9.9.9 100::1 2001::1 2001:db8::1 2002:7f00:1::1 fc00::1 fd12::1
			fe80::1 fe80::1%eth0 fec0::1 ff02::1 3fff::1`,
	} {
		for address := range strings.FieldsSeq(addresses) {
			if got := public(netip.MustParseAddr(address)); got != want {
				t.Errorf("%s: got %v", address, got)
			}
		}
	}
}

// TestPrivateAddresses tries a listener on loopback, by its name.
func TestPrivateAddresses(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	accepted := make(chan struct{}, 2)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			if err := script("TLS\nS: * BYE")(conn); err != nil {
				t.Errorf("the fake server: %v", err)
			}
			_ = conn.Close()
		}
	}()
	svc := service(settings.IMAP, settings.TLS)
	svc.Host, svc.Port = "localhost", uint16(listener.Addr().(*net.TCPAddr).Port)

	verdict, err := New(Options{RootCAs: trusted().roots}).try(t.Context(), secretFor(svc))
	if verdict != Unreachable || err == nil || !strings.HasSuffix(err.Error(), " is not a public address") {
		t.Errorf("got %q, %v", verdict, err)
	}
	if len(accepted) != 0 {
		t.Error("connected to a private address")
	}
	verdict, err = New(Options{RootCAs: trusted().roots, AllowPrivate: true}).try(t.Context(), secretFor(svc))
	if verdict != Unreachable || !errors.Is(err, errGoodbye) {
		t.Errorf("allowed: got %q, %v", verdict, err)
	}
	if <-accepted; len(accepted) != 0 {
		t.Error("one try connected twice")
	}
	svc.HostFromOutside = true
	verdict, err = New(Options{RootCAs: trusted().roots, AllowPrivate: true}).try(t.Context(), secretFor(svc))
	if verdict != Unreachable || err == nil || !strings.HasSuffix(err.Error(), " is not a public address") {
		t.Errorf("allowed, for a host that the operator did not write: got %q, %v", verdict, err)
	}
	if len(accepted) != 0 {
		t.Error("connected to a private address of a host that the operator did not write")
	}
}
