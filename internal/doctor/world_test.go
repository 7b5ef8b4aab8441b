//go:debug tlsmlkem=0

package doctor

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/dnstest"
)

// hosted are the settings of a domain with every service.
const hosted = `
autodiscover: {dav: true}
providers:
  hoster:
    name: Example Mail
    help_url: https://www.example.com/help
    mta_sts: {mode: enforce, mx: [mx.example.com], reports: tls@example.com}
    services:
      - {protocol: imap, host: imap.example.com}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: pop3, host: imap.example.com}
      - {protocol: submission, host: smtp.example.com}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
      - {protocol: managesieve, host: imap.example.com}
      - {protocol: jmap, url: "https://dav.example.com/.well-known/jmap"}
      - {protocol: caldav, url: "https://dav.example.com/calendars/"}
      - {protocol: carddav, url: "https://dav.example.com/contacts/"}
domains:
  example.com: {provider: hoster}
`

const zone = `
example.com.                     IN A     192.0.2.10
example.com.                     IN MX    10 mx.example.com.
example.com.                     IN TXT   "v=spf1 mx include:spf.example.net -all"
example.com.                     IN CAA   0 issue "ca.example"
spf.example.net.                 IN TXT   "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"
mx.example.com.                  IN A     192.0.2.25
_25._tcp.mx.example.com.         IN TLSA  3 1 1 abcdef
_dmarc.example.com.              IN TXT   "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
default._bimi.example.com.       IN TXT   "v=BIMI1; l=https://www.example.com/logo.svg"
_mta-sts.example.com.            IN TXT   "v=STSv1; id=20260101"
_smtp._tls.example.com.          IN TXT   "v=TLSRPTv1; rua=mailto:tls@example.com"
s1._domainkey.example.com.       IN TXT   "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
autoconfig.example.com.          IN CNAME waymark.example.net.
autodiscover.example.com.        IN CNAME waymark.example.net.
ua-auto-config.example.com.      IN CNAME waymark.example.net.
mta-sts.example.com.             IN CNAME waymark.example.net.
waymark.example.net.             IN A     192.0.2.80
_autodiscover._tcp.example.com.  IN SRV   0 0 443 waymark.example.net.
imap.example.com.                IN A     192.0.2.93
smtp.example.com.                IN A     192.0.2.46
dav.example.com.                 IN A     192.0.2.44
_imaps._tcp.example.com.         IN SRV   0 1 993 imap.example.com.
_imap._tcp.example.com.          IN SRV   10 1 143 imap.example.com.
_pop3s._tcp.example.com.         IN SRV   20 1 995 imap.example.com.
_submissions._tcp.example.com.   IN SRV   0 1 465 smtp.example.com.
_submission._tcp.example.com.    IN SRV   10 1 587 smtp.example.com.
_sieve._tcp.example.com.         IN SRV   0 1 4190 imap.example.com.
_jmap._tcp.example.com.          IN SRV   0 1 443 dav.example.com.
_caldavs._tcp.example.com.       IN SRV   0 1 443 dav.example.com.
_caldavs._tcp.example.com.       IN TXT   "path=/calendars/"
_carddavs._tcp.example.com.      IN SRV   0 1 443 dav.example.com.
_carddavs._tcp.example.com.      IN TXT   "path=/contacts/"
`

// authorities are shared by all worlds.
type authorities struct {
	roots              *x509.CertPool
	root, intermediate certtest.Party
	good               tls.Certificate
	signer             *sign.Identity
}

var trusted = sync.OnceValue(func() authorities {
	root := certtest.Authority("Test Root", nil)
	intermediate := certtest.Authority("Test Intermediate", &root)
	names := append(webHosts(), "imap.example.com", "smtp.example.com")
	leaf := intermediate.Server(names...)
	dir, err := os.MkdirTemp("", "doctor")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	signing := certtest.Certify("profiles.example.com", certtest.NewKey(), &intermediate)
	file := filepath.Join(dir, "sign.pem")
	if err := os.WriteFile(file, slices.Concat(signing.CertPEM(), intermediate.CertPEM(), signing.KeyPEM()), 0o600); err != nil {
		panic(err)
	}
	signer, err := sign.Load(file, file)
	if err != nil {
		panic(err)
	}
	return authorities{root.Pool(), root, intermediate, leaf.TLS(intermediate), signer}
})

// by returns the authority that signs profiles.
func (a authorities) by() *certtest.Party { return &a.root }

func webHosts() []string {
	return []string{
		"example.com", "autoconfig.example.com", "autodiscover.example.com", "ua-auto-config.example.com", "mta-sts.example.com",
		"waymark.example.net", "dav.example.com", "issuer.example.com",
	}
}

// waymark returns the server of the healthy domain.
var waymark = sync.OnceValue(func() http.Handler {
	cfg, problems := config.Parse("waymark.yaml", []byte(hosted), config.Environment{})
	if problems.HasErrors() {
		panic(problems)
	}
	cfg.Limits.StrictPerMinute = 0
	return service.Handler(cfg, service.Deps{Signer: certtest.Profiles{By: trusted().signer}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: time.Now})
})

// world is a mail domain on loopback: its DNS, web and mail servers.
type world struct {
	t       *testing.T
	dns     *dnstest.Server
	options Options
	certs   map[string]tls.Certificate  // by host; the good one else
	answers map[string]http.HandlerFunc // by URL without query, or by scheme and host
	mail    map[string]*mailServer      // by host:port
	waymark http.Handler
	// silent are the URLs and mail servers that never answer. A busy machine makes no
	// other one slow.
	silent map[string]bool
	pacc   string                    // the PACC document, if it was changed
	second map[string]netip.AddrPort // a second address of a server, by host:port
}

// mailServer is a fake with its faults.
type mailServer struct {
	protocol   string
	implicit   bool
	cert       tls.Certificate
	greeting   string
	before     string // capabilities before TLS, for those with STARTTLS
	after      string
	refuse     bool // STARTTLS
	plainOnly  bool // no TLS on a port for implicit TLS
	maxVersion uint16
	mute       bool // it sends nothing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, dns: dnstest.Start(t, zone), certs: map[string]tls.Certificate{}, answers: map[string]http.HandlerFunc{},
		waymark: waymark(), silent: map[string]bool{},
		options: Options{Domain: "example.com", Roots: trusted().roots, Selectors: []string{"s1"}, ConnectTo: map[string][]netip.AddrPort{}, Now: time.Now()},
		mail: map[string]*mailServer{
			"imap.example.com:993":  {protocol: "imap", implicit: true, after: "IMAP4rev1 AUTH=PLAIN"},
			"imap.example.com:143":  {protocol: "imap", before: "IMAP4rev1 STARTTLS LOGINDISABLED", after: "IMAP4rev1 AUTH=PLAIN"},
			"imap.example.com:995":  {protocol: "pop3", implicit: true, after: "USER\nSASL PLAIN"},
			"imap.example.com:4190": {protocol: managesieve, before: `"STARTTLS"`, after: `"SASL" "PLAIN"`},
			"smtp.example.com:465":  {protocol: "smtp", implicit: true, after: "AUTH PLAIN LOGIN"},
			"smtp.example.com:587":  {protocol: "smtp", before: "STARTTLS", after: "AUTH PLAIN LOGIN"},
		},
	}
	w.options.Timeout, w.options.connections = 2*time.Minute, 1 // handshakes take most of the time
	w.options.patience = func(where string) time.Duration {
		if w.silent[withoutQuery(where)] {
			return 50 * time.Millisecond
		}
		return time.Minute
	}
	w.dns.Validated(true)
	var err error
	if w.options.Resolver, err = dnslookup.New(w.dns.Addr); err != nil {
		t.Fatal(err)
	}
	w.options.Resolver.Patience = time.Minute
	body := w.document("https://ua-auto-config.example.com/.well-known/user-agent-configuration.json")
	sum := sha256.Sum256([]byte(body))
	w.dns.Add(t, `_ua-auto-config.example.com. IN TXT "v=UAAC1; a=sha256; d=`+base64.StdEncoding.EncodeToString(sum[:])+`"`)
	return w
}

// document returns what Waymark answers to GET.
func (w *world) document(at string) string {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.waymark.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, at, nil))
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d", at, rec.Code)
	}
	return rec.Body.String()
}

// start starts the servers and leads the doctor to them.
func (w *world) start() {
	quiet := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve("https", rw, r) }))
	secure.TLS = &tls.Config{
		MinVersion:     tls.VersionTLS10,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return w.certFor(hello.ServerName), nil },
	}
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	open := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve("http", rw, r) }))
	open.Config.ErrorLog = quiet
	open.Start()
	w.t.Cleanup(secure.Close)
	w.t.Cleanup(open.Close)
	lead := func(at, to string) {
		if _, there := w.options.ConnectTo[at]; !there {
			w.options.ConnectTo[at] = []netip.AddrPort{netip.MustParseAddrPort(to)}
		}
		if other, ok := w.second[at]; ok {
			w.options.ConnectTo[at] = append(w.options.ConnectTo[at], other)
		}
	}
	for _, host := range webHosts() {
		lead(host+":443", secure.Listener.Addr().String())
		lead(host+":80", open.Listener.Addr().String())
	}
	for at, m := range w.mail {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = listener.Close() })
		if m.cert.Certificate == nil {
			m.cert = trusted().good
		}
		lead(at, listener.Addr().String())
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return // closed
				}
				go m.talk(conn)
			}
		}()
	}
}

// unlead makes the doctor follow DNS for a host and port.
func (w *world) unlead(at string) {
	w.options.ConnectTo[at] = nil
}

func (w *world) certFor(host string) *tls.Certificate {
	if c, ok := w.certs[host]; ok {
		return &c
	}
	good := trusted().good
	return &good
}

func (w *world) serve(scheme string, rw http.ResponseWriter, r *http.Request) {
	r.Body = io.NopCloser(io.LimitReader(r.Body, 1<<20))
	for _, key := range []string{r.Method + " " + scheme + "://" + r.Host + r.URL.Path, scheme + "://" + r.Host + r.URL.Path, scheme + "://" + r.Host} {
		if h, ok := w.answers[key]; ok {
			h(rw, r)
			return
		}
	}
	switch r.Host {
	case "example.com", "issuer.example.com":
		http.NotFound(rw, r)
	case "dav.example.com":
		if r.URL.Path != "/.well-known/jmap" && (r.Method != "PROPFIND" || r.URL.Path != "/calendars/" && r.URL.Path != "/contacts/") {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("WWW-Authenticate", `Basic realm="dav"`)
		rw.WriteHeader(http.StatusUnauthorized)
	default:
		if scheme == "https" {
			r.TLS = &tls.ConnectionState{}
		} else {
			r.TLS = nil
		}
		w.waymark.ServeHTTP(rw, r)
	}
}

// respond makes a URL answer with something else.
func (w *world) respond(at string, status int, contentType, body string) {
	w.answers[at] = func(rw http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			rw.Header().Set("Content-Type", contentType)
		}
		rw.WriteHeader(status)
		if body != "" {
			_, _ = io.WriteString(rw, body)
		}
	}
}

func (w *world) redirect(at, to string) {
	w.answers[at] = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Location", to)
		rw.WriteHeader(http.StatusFound)
	}
}

// rewrite makes Waymark's answer at a URL another one, for every method.
func (w *world) rewrite(at string, change func(string) string) {
	u, err := url.Parse(at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.answers[at] = func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		r.TLS = &tls.ConnectionState{}
		r.URL.Path = u.Path
		r.Header.Del("Accept-Encoding")
		w.waymark.ServeHTTP(rec, r)
		rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		rw.WriteHeader(rec.Code)
		_, _ = io.WriteString(rw, change(rec.Body.String()))
	}
}

// silence makes a URL answer nothing.
func (w *world) silence(at string) {
	w.answers[at], w.silent[at] = w.hang, true
}

// hang never answers, until the test ends.
func (w *world) hang(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-w.t.Context().Done():
	}
}

// examine runs the doctor.
func (w *world) examine() Report {
	w.start()
	for at, to := range w.options.ConnectTo {
		if len(to) == 0 {
			delete(w.options.ConnectTo, at)
		}
	}
	w.options.Address = address.Address{Local: "anna", Domain: w.options.Domain}
	return Examine(w.t.Context(), w.options)
}

// talk has one conversation, up to the end of the connection.
func (m *mailServer) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	over := func() {
		conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{m.cert}, MinVersion: tls.VersionTLS10, MaxVersion: m.maxVersion})
	}
	encrypted := false
	if m.implicit && !m.plainOnly {
		over()
		encrypted = true
	}
	if m.mute {
		_, _ = conn.Read(make([]byte, 1))
		return
	}
	greeting := map[string]string{"imap": "* OK ready", "pop3": "+OK ready", "smtp": "220 smtp.example.com ESMTP", managesieve: m.before + "\r\nOK ready"}[m.protocol]
	if m.greeting != "" {
		greeting = m.greeting
	}
	_, _ = fmt.Fprintf(conn, "%s\r\n", greeting)
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		offered := m.before
		if encrypted {
			offered = m.after
		}
		switch words := strings.Fields(line); {
		case len(words) == 0:
			return
		case m.protocol == "imap" && len(words) > 1 && words[1] == "CAPABILITY":
			_, _ = fmt.Fprintf(conn, "* CAPABILITY %s\r\na OK done\r\n", offered)
		case words[0] == "CAPABILITY":
			_, _ = fmt.Fprintf(conn, "%s\r\nOK done\r\n", offered)
		case words[0] == "CAPA":
			_, _ = fmt.Fprintf(conn, "+OK\r\n%s\r\n.\r\n", strings.ReplaceAll(offered, "\n", "\r\n"))
		case words[0] == "EHLO":
			_, _ = fmt.Fprintf(conn, "250-smtp.example.com\r\n250 %s\r\n", offered)
		case strings.Contains(line, "STARTTLS") || words[0] == "STLS":
			if m.refuse {
				_, _ = io.WriteString(conn, map[string]string{"imap": "a NO later\r\n", "pop3": "-ERR later\r\n", "smtp": "454 TLS not available\r\n", managesieve: "NO later\r\n"}[m.protocol])
				continue
			}
			_, _ = io.WriteString(conn, map[string]string{"imap": "a OK begin\r\n", "pop3": "+OK begin\r\n", "smtp": "220 begin\r\n", managesieve: "OK begin\r\n"}[m.protocol])
			over()
			if m.protocol == managesieve {
				_, _ = fmt.Fprintf(conn, "%s\r\nOK ready\r\n", m.after)
			}
			encrypted, in = true, bufio.NewReader(conn)
		default:
			return
		}
	}
}
