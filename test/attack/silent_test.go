package attack

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// hold opens connections to a listener, n from each address, writes the same to
// each, and holds them until the test ends.
func hold(t *testing.T, address string, from []string, n int, text string) {
	t.Helper()
	for _, ip := range from {
		dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: patience}
		for range n {
			conn, err := dialer.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSilentConnections has connections hold most places of both listeners: all of
// one client, or those of several, which say nothing or half of a request.
func TestSilentConnections(t *testing.T) {
	several := make([]string, 19)
	for i := range several {
		several[i] = fmt.Sprintf("127.0.2.%d", i+1)
	}
	for _, tc := range []struct {
		name string
		from []string
		each int
		text string
	}{
		{"of one client", []string{"127.0.0.2"}, 1520, ""},
		{"of several clients", several, 80, ""},
		{"half a request of several clients", several, 80, "GET / HTTP/1.1\r\nHost: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := start(t, "")
			h.during(t, 4*time.Second, func() {
				hold(t, h.HTTPS, tc.from, tc.each, tc.text)
				hold(t, h.HTTP, tc.from, tc.each, tc.text)
			})
		})
	}
}
