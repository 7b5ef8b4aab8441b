package attack

import (
	"testing"
	"time"
)

// TestStreamsOfOneClient has one address hold as many HTTP/2 requests open as it
// gets: requests whose answers it does not receive, and forms that it never sends.
func TestStreamsOfOneClient(t *testing.T) {
	for _, tc := range []struct{ name, method, path string }{
		{"answers that are not received", "GET", "/assets/waymark.css"},
		{"bodies that are not sent", "POST", "/autodiscover/autodiscover.xml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := start(t, "")
			h.during(t, 5*time.Second, func() {
				Streams{HTTPS: h.HTTPS, TLS: h.tls, From: "127.0.0.2", Connections: 4, Each: 250, Method: tc.method, Path: tc.path}.Open(t)
			})
		})
	}
}
