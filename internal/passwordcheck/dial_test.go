package passwordcheck

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"9.9.9.9":                    true,
		"2620:fe::fe":                true,
		"::ffff:9.9.9.9":             true,
		"64:ff9b::9.9.9.9":           true, // behind NAT64
		"0.0.0.0":                    false,
		"0.1.2.3":                    false,
		"10.1.2.3":                   false,
		"100.64.0.1":                 false,
		"127.0.0.1":                  false,
		"127.255.255.254":            false,
		"169.254.169.254":            false,
		"172.16.0.1":                 false,
		"192.0.0.8":                  false,
		"192.0.2.1":                  false,
		"192.168.1.1":                false,
		"198.19.0.1":                 false,
		"198.51.100.1":               false,
		"203.0.113.1":                false,
		"224.0.0.1":                  false,
		"240.0.0.1":                  false,
		"255.255.255.255":            false,
		"::":                         false,
		"::1":                        false,
		"::7f00:1":                   false,
		"::ffff:127.0.0.1":           false,
		"::ffff:10.0.0.1":            false,
		"::ffff:100.64.0.1":          false,
		"::ffff:0:10.0.0.1":          false,
		"64:ff9b::127.0.0.1":         false,
		"64:ff9b::169.254.169.254":   false,
		"64:ff9b:1::9.9.9.9":         false,
		"100::1":                     false,
		"2001::1":                    false,
		"2001:db8::1":                false,
		"2002:7f00:1::1":             false,
		"fc00::1":                    false,
		"fd12::1":                    false,
		"fe80::1":                    false,
		"fe80::1%eth0":               false,
		"fec0::1":                    false,
		"ff02::1":                    false,
		"3fff::1":                    false,
		"2a00:1450:4001:81b::200e%0": true,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
}

// TestPrivateAddresses asks a listener on loopback, by its name.
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
		t.Error("a private address was connected to")
	}
	verdict, err = New(Options{RootCAs: trusted().roots, AllowPrivate: true}).try(t.Context(), secretFor(svc))
	if verdict != Unreachable || !errors.Is(err, errGoodbye) {
		t.Errorf("allowed: got %q, %v", verdict, err)
	}
	if <-accepted; len(accepted) != 0 {
		t.Error("one try connected twice")
	}
}
