package proxies

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/proxies")) }

// TestProxies asks every web server what mail clients ask.
func TestProxies(t *testing.T) {
	for _, server := range []struct {
		name  string
		start func(t *testing.T, upstream string) proxy
		large bool // whether Waymark, not the proxy, refuses large bodies
	}{
		{"nginx", startNginx, false},
		{"Caddy", startCaddy, true},
		{"HAProxy", startHAProxy, false},
	} {
		t.Run(server.name, func(t *testing.T) {
			w := waymark.Start(t, settings(t))
			p := server.start(t, w.HTTP)
			t.Run("requests", func(t *testing.T) { testRequests(t, w, p) })
			t.Run("Outlook is redirected from http to https once", func(t *testing.T) { testRedirect(t, w, p) })
			t.Run("forged headers", func(t *testing.T) { testForged(t, w, p) })
			t.Run("large bodies", func(t *testing.T) { testBodies(t, w, p, server.large) })
			t.Run("rate limit by client", func(t *testing.T) { testRateLimit(t, w, p) })
			t.Run("IPv6", func(t *testing.T) { testIPv6(t, w, p) })
			t.Run("old TLS", func(t *testing.T) { testOldTLS(t, p) })
		})
	}
}

// settings returns those for a machine with a web server in front. The rate limit is
// low, and ::1 is not a trusted proxy.
func settings(t *testing.T) string {
	t.Helper()
	return textfile.Replaced(t, "../../examples/selfhosted.yaml",
		"requests_per_minute: 120", "requests_per_minute: 30",
		`[127.0.0.1, "::1"]`, "[127.0.0.1]")
}

const question = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
	`<EMailAddress>anna@example.org</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>` +
	`</Request></Autodiscover>`

func testRequests(t *testing.T, w *waymark.Waymark, p proxy) {
	const client = "127.0.0.2"
	notOurs := waymark.Line{}
	var asked []waymark.Line
	for _, tt := range []struct {
		name, method, url, body string
		status                  int
		answer                  string       // part of the body
		want                    waymark.Line // what reached Waymark; notOurs for nothing
	}{
		{"autoconfig over http", "GET", "http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=anna@example.org", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "http", Host: "autoconfig.example.org", Domain: "example.org"}},
		{"autoconfig over https", "GET", "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=anna@example.org", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "https", Host: "autoconfig.example.org", Domain: "example.org"}},
		{"autoconfig by host name alone, in capitals", "GET", "http://AUTOCONFIG.EXAMPLE.ORG/mail/config-v1.1.xml", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "http", Host: "autoconfig.example.org", Domain: "example.org"}},
		{"autoconfig of the domain over http", "GET", "http://example.org/.well-known/autoconfig/mail/config-v1.1.xml", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "http", Host: "example.org", Domain: "example.org"}},
		{"autoconfig of the domain over https", "GET", "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"autoconfig for GNOME", "GET", "https://example.org/.well-known/mail-v1.xml", "",
			200, "<hostname>imap.example.org</hostname>", waymark.Line{Protocol: "autoconfig", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"Outlook", "POST", "https://autodiscover.example.org/Autodiscover/Autodiscover.xml", question,
			200, "<Server>imap.example.org</Server>", waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: "autodiscover.example.org", Domain: "example.org"}},
		{"Outlook at the domain", "POST", "https://example.org/Autodiscover/Autodiscover.xml", question,
			200, "<Server>imap.example.org</Server>", waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"capitals", "POST", "https://example.org/AUTODISCOVER/AUTODISCOVER.XML", question,
			200, "<Server>imap.example.org</Server>", waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"small letters over http", "POST", "http://example.org/autodiscover/autodiscover.xml", question,
			200, "<Server>imap.example.org</Server>", waymark.Line{Protocol: "autodiscover", Scheme: "http", Host: "example.org", Domain: "example.org"}},
		{"Outlook's JSON", "GET", "https://autodiscover.example.org/AutoDiscover/AutoDiscover.json/v1.0/anna%40example.org?Protocol=AutodiscoverV1", "",
			200, "https://autodiscover.example.org/autodiscover/autodiscover.xml", waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: "autodiscover.example.org", Domain: "example.org"}},
		{"PACC", "GET", "https://ua-auto-config.example.org/.well-known/user-agent-configuration.json", "",
			200, "imap.example.org", waymark.Line{Protocol: "pacc", Scheme: "https", Host: "ua-auto-config.example.org", Domain: "example.org"}},
		{"PACC over http", "GET", "http://ua-auto-config.example.org/.well-known/user-agent-configuration.json", "",
			200, "imap.example.org", waymark.Line{Protocol: "pacc", Scheme: "http", Host: "ua-auto-config.example.org", Domain: "example.org"}},
		{"PACC of the domain", "GET", "https://example.org/.well-known/user-agent-configuration.json", "",
			200, "imap.example.org", waymark.Line{Protocol: "pacc", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"calendars", "PROPFIND", "https://example.org/.well-known/caldav", "",
			301, "https://dav.example.org/calendars/", waymark.Line{Protocol: "wellknown", Scheme: "https", Host: "example.org", Domain: "example.org"}},
		{"contacts", "PROPFIND", "http://example.org/.well-known/carddav", "",
			301, "https://dav.example.org/contacts/", waymark.Line{Protocol: "wellknown", Scheme: "http", Host: "example.org", Domain: "example.org"}},
		{"JMAP, which is not configured", "GET", "https://example.org/.well-known/jmap", "",
			404, "", waymark.Line{Protocol: "wellknown", Scheme: "https", Host: "example.org"}},
		{"a profile", "GET", "https://waymark.example.org/profile.mobileconfig?email=anna@example.org", "",
			200, "com.apple.mail.managed", waymark.Line{Protocol: "mobileconfig", Scheme: "https", Host: "waymark.example.org", Domain: "example.org"}},
		{"the page", "GET", "https://waymark.example.org/", "",
			200, "<html", waymark.Line{Protocol: "page", Scheme: "https", Host: "waymark.example.org"}},
		{"the website of the domain", "GET", "https://example.org/", "", 404, "", notOurs},
		{"a path of Waymark's own host names only", "GET", "http://example.org/mail/config-v1.1.xml", "", 404, "", notOurs},
		{"below a path of Waymark's", "GET", "https://example.org/.well-known/caldav/more", "", 404, "", notOurs},
		{"a path with the same prefix", "GET", "https://example.org/autodiscovery", "", 404, "", notOurs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := p.ask(t, client, tt.method, tt.url, tt.body, nil)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.answer) {
				t.Errorf("status %d, want %d with %q:\n%s", resp.StatusCode, tt.status, tt.answer, body)
			}
			if resp.TLS != nil && (resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13) {
				t.Errorf("answered by %s and %s, want HTTP/2 and TLS 1.3", resp.Proto, tls.VersionName(resp.TLS.Version))
			}
		})
		if tt.want != notOurs {
			asked = append(asked, tt.want)
		}
	}
	saw(t, w, p, client, asked...)
}

// testRedirect checks that http is redirected to https, and https nowhere.
func testRedirect(t *testing.T, w *waymark.Waymark, p proxy) {
	const client = "127.0.0.3"
	var asked []waymark.Line
	for _, host := range []string{"autodiscover.example.org", "example.org"} {
		resp, _ := p.ask(t, client, "GET", "http://"+host+"/Autodiscover/Autodiscover.xml", "", nil)
		location := resp.Header.Get("Location")
		if want := "https://" + host + "/autodiscover/autodiscover.xml"; resp.StatusCode != 302 || location != want {
			t.Fatalf("status %d to %q, want 302 to %s", resp.StatusCode, location, want)
		}
		resp, _ = p.ask(t, client, "GET", location, "", nil)
		if resp.StatusCode != 405 {
			t.Errorf("status %d where the redirect leads, want 405", resp.StatusCode)
		}
		resp, body := p.ask(t, client, "POST", location, question, nil)
		if resp.StatusCode != 200 || !strings.Contains(body, "<Server>imap.example.org</Server>") {
			t.Errorf("status %d for the POST there:\n%s", resp.StatusCode, body)
		}
		asked = append(asked,
			waymark.Line{Protocol: "autodiscover", Scheme: "http", Host: host},
			waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: host},
			waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: host, Domain: "example.org"})
	}
	saw(t, w, p, client, asked...)
}

// testForged checks that X-Forwarded headers from a client are ignored.
func testForged(t *testing.T, w *waymark.Waymark, p proxy) {
	const client = "127.0.0.4"
	var asked []waymark.Line
	for _, tt := range []struct{ url, scheme, host string }{
		{"http://autoconfig.example.org/mail/config-v1.1.xml", "https", "autoconfig.example.org"},
		{"https://autoconfig.example.org/mail/config-v1.1.xml", "http", "autoconfig.example.org"},
		{"http://example.org/.well-known/mail-v1.xml", "https", "example.org"},
		{"https://example.org/.well-known/mail-v1.xml", "http", "example.org"},
	} {
		resp, _ := p.ask(t, client, "GET", tt.url, "", http.Header{
			"X-Forwarded-For":   {"203.0.113.9"},
			"X-Forwarded-Proto": {tt.scheme},
			"X-Forwarded-Host":  {"autoconfig.other.example"},
		})
		if resp.StatusCode != 200 {
			t.Errorf("%s: status %d", tt.url, resp.StatusCode)
		}
		scheme, _, _ := strings.Cut(tt.url, ":")
		asked = append(asked, waymark.Line{Protocol: "autoconfig", Scheme: scheme, Host: tt.host, Domain: "example.org"})
	}
	saw(t, w, p, client, asked...)
}

// testBodies checks that 4 KiB are answered, that 64 KiB are left to Waymark to
// refuse, and that 128 KiB are refused.
func testBodies(t *testing.T, w *waymark.Waymark, p proxy, passes bool) {
	const client = "127.0.0.5"
	var asked []waymark.Line
	for _, host := range []string{"autodiscover.example.org", "example.org"} {
		url := "https://" + host + "/autodiscover/autodiscover.xml"
		padded := func(size int) string { return question + strings.Repeat(" ", size-len(question)) }
		resp, body := p.ask(t, client, "POST", url, padded(4<<10), nil)
		if resp.StatusCode != 200 || !strings.Contains(body, "<Server>imap.example.org</Server>") {
			t.Errorf("%s: status %d for 4 KiB:\n%s", url, resp.StatusCode, body)
		}
		asked = append(asked, waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: host, Domain: "example.org"})
		for _, size := range []int{64 << 10, 128 << 10} {
			if resp, _ = p.ask(t, client, "POST", url, padded(size), nil); resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: status %d for %d bytes, want 413", url, resp.StatusCode, size)
			}
		}
		asked = append(asked, waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: host})
		if passes {
			asked = append(asked, waymark.Line{Protocol: "autodiscover", Scheme: "https", Host: host})
		}
	}
	saw(t, w, p, client, asked...)
}

// testRateLimit checks that one client's rate limit does not affect another.
func testRateLimit(t *testing.T, w *waymark.Waymark, p proxy) {
	const eager, other, url = "127.0.0.6", "127.0.0.7", "http://autoconfig.example.org/mail/config-v1.1.xml"
	answered := waymark.Line{Protocol: "autoconfig", Scheme: "http", Host: "autoconfig.example.org", Domain: "example.org"}
	refused := answered
	refused.Domain = ""
	var asked []waymark.Line
	for range 100 {
		resp, _ := p.ask(t, eager, "GET", url, "", nil)
		if resp.StatusCode == http.StatusTooManyRequests {
			asked = append(asked, refused)
			break
		}
		asked = append(asked, answered)
	}
	saw(t, w, p, eager, asked...)
	if len(asked) == 100 {
		t.Error("the eager client never got status 429")
	}
	if resp, _ := p.ask(t, other, "GET", url, "", nil); resp.StatusCode != 200 {
		t.Errorf("status %d for the other client, want 200", resp.StatusCode)
	}
	saw(t, w, p, other, answered)
}

func testIPv6(t *testing.T, w *waymark.Waymark, p proxy) {
	if !hasIPv6() {
		t.Skip("needs IPv6 on loopback: sysctl net.ipv6.conf.lo.disable_ipv6=0")
	}
	var asked []waymark.Line
	for _, scheme := range []string{"http", "https"} {
		for host, path := range map[string]string{"autoconfig.example.org": "/mail/config-v1.1.xml", "example.org": "/.well-known/mail-v1.xml"} {
			if resp, _ := p.ask(t, "::1", "GET", scheme+"://"+host+path, "", nil); resp.StatusCode != 200 {
				t.Errorf("%s://%s: status %d", scheme, host, resp.StatusCode)
			}
			asked = append(asked, waymark.Line{Protocol: "autoconfig", Scheme: scheme, Host: host, Domain: "example.org"})
		}
		if resp, _ := p.ask(t, "::1", "GET", scheme+"://example.org/", "", nil); resp.StatusCode != 404 {
			t.Errorf("%s: the website of the domain has status %d", scheme, resp.StatusCode)
		}
	}
	saw(t, w, p, "::1", asked...)
}

func testOldTLS(t *testing.T, p proxy) {
	for _, name := range names() {
		conn, err := tls.Dial("tcp", p.https, &tls.Config{ServerName: name, RootCAs: p.roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err == nil {
			_ = conn.Close()
			t.Errorf("%s speaks TLS 1.1", name)
		}
	}
}

// ask sends one request from an address of this machine. Names and usual ports
// lead to the proxy, redirects are not followed.
func (p proxy) ask(t *testing.T, client, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	resp, text, err := p.try(t, client, method, url, body, header)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

// try is ask where a connection may end early, as while a proxy reads its settings
// again.
func (p proxy) try(t *testing.T, client, method, url, body string, header http.Header) (*http.Response, string, error) {
	t.Helper()
	source := net.ParseIP(client)
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := p.http
			if strings.HasSuffix(address, ":443") {
				to = p.https
			}
			if source.To4() == nil {
				to = strings.Replace(to, "127.0.0.1", "[::1]", 1)
			}
			return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: source}}).DialContext(ctx, network, to)
		},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// saw requires that these requests of a client have reached Waymark since it was
// called last, and no others. Of the log it compares what a proxy can change.
// A last request marks the end; the order does not count, since a request is
// logged after it was answered, when the next one may be in progress.
func saw(t *testing.T, w *waymark.Waymark, p proxy, client string, want ...waymark.Line) {
	t.Helper()
	marker := waymark.Line{Protocol: "page", Scheme: "http", Host: "waymark.example.org", Remote: "127.0.0.8"}
	p.ask(t, marker.Remote, "GET", "http://waymark.example.org/", "", nil)
	expected := []string{fmt.Sprintf("%+v", marker)}
	for _, request := range want {
		request.Remote = client
		expected = append(expected, fmt.Sprintf("%+v", request))
	}
	var got []string
	for range expected {
		request := w.NextRequest(t)
		request.Message, request.Outcome, request.Status = "", "", 0
		got = append(got, fmt.Sprintf("%+v", request))
	}
	slices.Sort(expected)
	slices.Sort(got)
	if !slices.Equal(got, expected) {
		t.Errorf("got these requests at Waymark:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
}
