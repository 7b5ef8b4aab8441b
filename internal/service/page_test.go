package service

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
)

// TestAnInvitationFromEndToEnd makes a link on the ops listener and opens it as a
// phone does.
func TestAnInvitationFromEndToEnd(t *testing.T) {
	h := start(t, settingsFor("mail.example.net", `pages: {url: "https://setup.example.com", keys: [0123456789abcdef0123456789abcdef]}`))
	resp, err := h.client.Post("http://"+h.svc.Addr("ops")+"/api/v1/invites", "application/json", strings.NewReader(`{"email": "anna@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		URL     string
		Expires time.Time
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	_ = resp.Body.Close()
	if in := time.Until(made.Expires); in < 29*24*time.Hour || in > 30*24*time.Hour {
		t.Errorf("it works for %s", in)
	}
	link, err := url.Parse(made.URL)
	if err != nil || link.Host != "setup.example.com" || !strings.HasPrefix(link.Path, "/i/") {
		t.Fatalf("the link is %s", made.URL)
	}
	base := "http://" + h.svc.Addr("http")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+link.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)")
	page, err := h.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(page.Body)
	_ = page.Body.Close()
	if err != nil || page.StatusCode != http.StatusOK || !strings.Contains(string(body), "Your mailbox anna@example.com at one is ready") || !strings.Contains(string(body), `<img class="code" src="`+link.Path+`/code.svg"`) {
		t.Fatalf("%d, %v\n%s", page.StatusCode, err, body)
	}
	if resp, err := h.client.Post("http://"+h.svc.Addr("ops")+"/api/v1/invites", "application/json", strings.NewReader(`{"email": "anna@unknown.example"}`)); err != nil || resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("for a domain of nobody: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
	for _, e := range h.logs.All() {
		if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, "anna") || strings.Contains(text, strings.TrimPrefix(link.Path, "/i/")) {
			t.Errorf("the log tells %s", text)
		}
	}
}

// say answers a client that may have gone away, which it then finds out itself.
func say(conn net.Conn, format string, args ...any) { _, _ = fmt.Fprintf(conn, format, args...) }

// mailbox is an IMAP server with one password.
func mailbox(t *testing.T, a certtest.Party, password string) (port int) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{a.Server("localhost").TLS()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	login := regexp.MustCompile(`^(\S+) LOGIN \{(\d+)`)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				say(conn, "* OK ready\r\n")
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
					switch {
					case strings.HasPrefix(strings.ToUpper(command), "CAPABILITY"):
						say(conn, "* CAPABILITY IMAP4rev1\r\n%s OK done\r\n", tag)
					case login.MatchString(strings.TrimSpace(line)): // user and password as literals
						say(conn, "+ go on\r\n")
						if _, err := in.ReadString('\n'); err != nil {
							return
						}
						say(conn, "+ go on\r\n")
						got, err := in.ReadString('\n')
						if err != nil {
							return
						}
						if strings.TrimSpace(got) == password {
							say(conn, "%s OK welcome\r\n", tag)
						} else {
							say(conn, "%s NO [AUTHENTICATIONFAILED] wrong\r\n", tag)
						}
					default:
						say(conn, "%s OK done\r\n", tag)
					}
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// TestAPasswordIsCheckedAtTheProvider goes the whole way from the form over TLS
// to the mail server and back, and looks for the password in the log.
func TestAPasswordIsCheckedAtTheProvider(t *testing.T) {
	t.Parallel()
	ca := certtest.Authority("Test Root", nil)
	certFile, keyFile := ca.Server("localhost").Write(t, t.TempDir())
	port := mailbox(t, ca, "right-Pa55")
	text := fmt.Sprintf(`listen: "127.0.0.1:0"
tls: {listen: "127.0.0.1:0", cert_file: %q, key_file: %q}
ops: {listen: "off"}
pages: {verify_password: true, verify_private: true}
providers:
  p: {services: [{protocol: imap, host: localhost, port: %d, security: tls}, {protocol: submission, host: smtp.example.net}]}
  visitors: {services: [{protocol: imap, host: "{domain}", port: %d, security: tls}, {protocol: submission, host: smtp.example.net}]}
domains: {example.com: {provider: p}, "*": {provider: visitors}}
`, certFile, keyFile, port, port)
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	roots := ca.Pool()
	core, logs := observer.New(zap.DebugLevel)
	svc, err := New(t.Context(), cfg, nil, Options{StateDir: stateIn(t, t.TempDir()), Metrics: telemetry.NewMetrics("", ""), Log: zap.New(core), RootCAs: roots, Grace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	runUntilTheEnd(t, svc)
	client := clientOf(t, svc, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}})
	t.Cleanup(client.CloseIdleConnections)
	for _, tc := range []struct{ email, password, want string }{
		{"anna@example.com", "right-Pa55", `class="verdict right"`},
		{"anna@example.com", "wrong-Pa55", `class="verdict wrong"`},
		{"anna@localhost", "right-Pa55", `class="verdict unreachable"`}, // a private address that the visitor named
	} {
		password, want := tc.password, tc.want
		base := "https://" + svc.Addr("https")
		page, err := client.PostForm(base+"/", url.Values{"email": {tc.email}})
		if err != nil {
			t.Fatal(err)
		}
		_ = page.Body.Close()
		resp, err := client.PostForm(base+page.Request.URL.Path+"/password", url.Values{"password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(body), want) || strings.Contains(string(body), password) {
			t.Errorf("%s: %v, %d\n%s", password, err, resp.StatusCode, body)
		}
	}
	for _, e := range logs.All() {
		if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, "Pa55") || strings.Contains(text, "anna") {
			t.Errorf("the log tells %s", text)
		}
	}
}
