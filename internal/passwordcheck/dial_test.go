package passwordcheck

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

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
