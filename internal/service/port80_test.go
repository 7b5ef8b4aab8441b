package service

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// TestPort80 pins what is redirected to https and what is answered at once.
func TestPort80(t *testing.T) {
	ca := certtest.Authority("Test Root", nil)
	cert, key := ca.Server("setup.example.com").Write(t, t.TempDir())
	withTLS := fmt.Sprintf(`tls: {listen: "127.0.0.1:0", cert_file: %q, key_file: %q}`, cert, key)
	const page = `pages: {url: "https://setup.example.com"}`
	secure := start(t, settingsFor("mail.example.net", withTLS, page, `trusted_proxies: ["127.0.0.1/32"]`))
	inFront := start(t, settingsFor("mail.example.net", page))
	for _, tt := range []struct {
		name, host, path string
		header           http.Header
		at               *house
		status           int
		location         string
	}{
		{"the page", "setup.example.com", "/?lang=de", nil, secure, 302, "https://setup.example.com/?lang=de"},
		{"an invitation", "setup.example.com:80", "/i/a%2Fb", nil, secure, 302, "https://setup.example.com/i/a%2Fb"},
		{"the page on another name", "autoconfig.example.com", "/", nil, secure, 200, ""},
		{"the page behind a proxy with https", "setup.example.com", "/", http.Header{"X-Forwarded-Proto": {"https"}}, secure, 200, ""},
		{"the page behind a proxy with http", "setup.example.com", "/", http.Header{"X-Forwarded-Proto": {"http"}}, secure, 200, ""},
		{"the page behind a proxy that says little", "setup.example.com", "/", http.Header{"Via": {"1.1 proxy"}}, secure, 200, ""},
		{"the page without tls", "setup.example.com", "/", nil, inFront, 200, ""},
		{"KMail", "autoconfig.example.com", "/mail/config-v1.1.xml?emailaddress=a@example.com", nil, secure, 200, ""},
		{"Outlook", "autodiscover.example.com", "/autodiscover/autodiscover.xml", nil, secure, 302, "https://autodiscover.example.com/autodiscover/autodiscover.xml"},
		{"Outlook behind a proxy with https", "autodiscover.example.com", "/autodiscover/autodiscover.xml", http.Header{"X-Forwarded-Proto": {"https"}}, secure, 405, ""},
		{"Outlook behind a proxy with http", "autodiscover.example.com", "/autodiscover/autodiscover.xml", http.Header{"X-Forwarded-Proto": {"http"}}, secure, 302, "https://autodiscover.example.com/autodiscover/autodiscover.xml"},
		{"Outlook behind a proxy that is not trusted, with https", "autodiscover.example.com", "/autodiscover/autodiscover.xml", http.Header{"X-Forwarded-Proto": {"https"}}, inFront, 405, ""},
		{"Outlook behind two proxies, with https at the first one", "autodiscover.example.com", "/autodiscover/autodiscover.xml", http.Header{"X-Forwarded-Proto": {"https, http"}}, secure, 405, ""},
		{"Outlook behind a proxy that is not trusted, with http", "autodiscover.example.com", "/autodiscover/autodiscover.xml", http.Header{"X-Forwarded-Proto": {"http"}}, inFront, 302, "https://autodiscover.example.com/autodiscover/autodiscover.xml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tt.at.svc.Addr("http")+tt.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			if tt.header != nil {
				req.Header = tt.header
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Location"); resp.StatusCode != tt.status || got != tt.location {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, got, tt.status, tt.location)
			}
		})
	}
}
