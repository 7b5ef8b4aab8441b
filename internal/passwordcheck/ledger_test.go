package passwordcheck

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var someClient = netip.MustParseAddr("198.51.100.1")

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLedger(t *testing.T) {
	l := newLedger()
	for i := range triesEach {
		if l.admit(noon.Add(time.Duration(i)*time.Minute), someClient, "login a", "mailbox a") != admitted {
			t.Fatalf("try %d was refused", i+1)
		}
	}
	at := noon.Add((triesEach - 1) * time.Minute)
	for _, tc := range []struct {
		name, login, mailbox string
		want                 bool
	}{
		{"the same", "login a", "mailbox a", false},
		{"in upper case", "LOGIN A", "Mailbox A", false},
		{"the same login under another domain", "login a", "mailbox b", false},
		{"the same mailbox under an alias", "login b", "mailbox a", false},
		{"another mailbox", "login b", "mailbox b", true},
	} {
		if got := l.admit(at, someClient, tc.login, tc.mailbox) == admitted; got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
	if l.admit(noon.Add(window-1), someClient, "login a", "mailbox a") == admitted {
		t.Error("a try was forgotten too early")
	}
	if l.admit(noon.Add(window), someClient, "login a", "mailbox a") != admitted {
		t.Error("the first try was not forgotten")
	}
	if l.admit(noon.Add(window), someClient, "login a", "mailbox a") == admitted {
		t.Error("more than the first try was forgotten")
	}
}

// clientIn returns an address in the n-th network.
func clientIn(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(1 + n>>16), byte(n >> 8), byte(n), 7})
}

// TestTheSupplyOfTries has ever more networks try as often as they may. It takes
// thousands of them to use up the tries of everybody.
func TestTheSupplyOfTries(t *testing.T) {
	l := newLedger()
	networks, tries := 0, 0
	for ; len(l.tries) < triesOverall && networks < 1<<16; networks++ {
		for l.admit(noon, clientIn(networks), fmt.Sprint("login ", tries), fmt.Sprint("mailbox ", tries)) == admitted {
			tries++
		}
		if networks == 12 && tries != 13*triesPerNetwork {
			t.Errorf("twelve networks made %d tries", tries)
		}
	}
	if networks < 9000 {
		t.Errorf("%d networks use up everything", networks)
	}
	if got := l.admit(noon, someClient, "login x", "mailbox x"); got != limitedTotal {
		t.Errorf("a try beyond the limit: %q", got)
	}
	if len(l.tries) != triesOverall || len(l.count) > 3*triesOverall {
		t.Errorf("%d tries and %d names are stored", len(l.tries), len(l.count))
	}
	if l.admit(noon.Add(window), someClient, "login x", "mailbox x") != admitted || len(l.tries) != 1 || len(l.count) != 3 {
		t.Errorf("after the window %d tries and %d names are stored", len(l.tries), len(l.count))
	}
}

// TestNetworks pins which addresses share what they may try.
func TestNetworks(t *testing.T) {
	for client, want := range map[string]string{
		"192.0.2.1": "192.0.2.0/24", "::ffff:192.0.2.200": "192.0.2.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		if got := network(netip.MustParseAddr(client)).String(); got != want {
			t.Errorf("%s: %s", client, got)
		}
	}
	if network(netip.Addr{}).IsValid() {
		t.Error("nobody has a network")
	}
}

// TestSlots pins that no network can hold all connections to the mail server.
func TestSlots(t *testing.T) {
	s := &slots{of: map[netip.Prefix]int{}}
	taken := 0
	for n := range 100 {
		for s.take(clientIn(n)) == admitted {
			taken++
		}
		if n == 3 && taken != 4*runningPerNetwork {
			t.Errorf("four networks run %d tries", taken)
		}
	}
	if taken != maxRunning || s.take(someClient) != limitedTotal {
		t.Errorf("%d tries run", taken)
	}
	s.free(clientIn(0))
	if s.take(someClient) != admitted {
		t.Error("the slot of a try that has ended is not free")
	}
	for n := range 100 {
		for s.of[network(clientIn(n))] > 0 {
			s.free(clientIn(n))
		}
	}
	s.free(someClient)
	if s.running != 0 || len(s.of) != 0 {
		t.Errorf("%d tries run in the end, of %v", s.running, s.of)
	}
}

// TestShare pins how much of a supply of 1,000, of which so much is used, one network
// may have.
func TestShare(t *testing.T) {
	for used, want := range map[int]int{0: 60, 499: 60, 500: 6, 749: 6, 750: 2, 1000: 2} {
		if got := share(used, 1000, 60); got != want {
			t.Errorf("with %d used: %d, want %d", used, got, want)
		}
	}
	if got := share(999, 1000, 4); got != 1 {
		t.Errorf("a small share becomes %d", got)
	}
}

func BenchmarkLedger(b *testing.B) {
	b.ReportAllocs()
	l := newLedger()
	for at := noon; b.Loop(); at = at.Add(time.Second) {
		l.admit(at, someClient, "login mail.example.com anna@example.com", "mailbox anna@example.com")
	}
}
