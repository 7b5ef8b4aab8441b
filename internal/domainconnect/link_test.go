package domainconnect

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/dnstest"
)

// world is a DNS provider of example.com on loopback, at dns.example, with its DNS.
type world struct {
	*http.ServeMux
	dns    *dnstest.Server
	port   string
	linker Linker
}

// testKey is one key for all tests: making one takes long.
var testKey = sync.OnceValue(newKey)

func newKey() *Key { return certtest.Must(ParseKey(certtest.KeyPEM(certtest.RSAKey(2048)))) }

const (
	settingsPath = "/connect/v2/example.com/settings"
	templatePath = "/api/v2/domainTemplates/providers/example.net/services/mail-setup"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{ServeMux: http.NewServeMux()}
	authority := certtest.Authority("Test", nil)
	server := httptest.NewUnstartedServer(w)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Server("dns.example", "inside.example").TLS()}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w.port = port
	key := testKey()
	w.dns = dnstest.Start(t, fmt.Sprintf("example.com. IN MX 10 mx.example.com.\nwww.sub.example.com. IN A 192.0.2.1\n"+
		"_domainconnect.example.com. IN TXT dns.example:%s/connect\ndns.example. IN A 127.0.0.1\ninside.example. IN A 127.0.0.2\n", port))
	for _, text := range key.Texts() {
		w.dns.Add(t, fmt.Sprintf("_dck1.example.net. IN TXT %q\n", text))
	}
	w.linker = Linker{
		Service: service(), Key: key, KeyDomain: "example.net", KeyName: "_dck1", Roots: authority.Pool(),
		Resolver: certtest.Must(dnslookup.New(w.dns.Addr)),
		public:   func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.1") },
	}
	return w
}

// answer makes the provider answer at a path.
func (w *world) answer(path string, status int, body string) {
	w.HandleFunc("GET "+path, func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(strings.ReplaceAll(body, "PORT", w.port))) // a client that went away is no concern
	})
}

const healthySettings = `{"providerId": "dns.example", "providerName": "Some DNS", "urlSyncUX": "https://dns.example/panel/",
	"urlAsyncUX": "https://dns.example/panel", "urlAPI": "https://dns.example:PORT/api", "width": 750, "nameServers": ["ns1.dns.example"]}`

func healthy(t *testing.T) *world {
	w := newWorld(t)
	w.answer(settingsPath, http.StatusOK, healthySettings)
	w.answer(templatePath, http.StatusOK, `{"version": 1}`)
	return w
}

// TestLink pins the links, and verifies their signature as a DNS provider does.
func TestLink(t *testing.T) {
	w := healthy(t)
	const at = "https://dns.example/panel/v2/domainTemplates/providers/example.net/services/mail-setup/apply?"
	for _, tt := range []struct {
		domain string
		labels []string
		query  string
	}{
		{"example.com", Labels(), "domain=example.com"},
		{"sub.example.com", Labels(), "domain=example.com&host=sub"},
		{"www.sub.example.com", []string{"autoconfig"}, "domain=example.com&groupId=autoconfig&host=www.sub"},
	} {
		link, err := w.linker.Link(t.Context(), certtest.Must(address.ParseDomain(tt.domain)), tt.labels)
		if err != nil {
			t.Error(err)
			continue
		}
		rest, ok := strings.CutPrefix(link, at+tt.query+"&key=_dck1&sig=")
		signature, err := url.QueryUnescape(rest)
		if !ok || err != nil || !verified(t, w.linker.Key.Texts(), tt.query, signature) {
			t.Errorf("%s: %s", tt.domain, link)
		}
	}
}

// TestPlantedFaults pins that each fault has its message, and that nothing else than the
// DNS provider is connected to.
func TestPlantedFaults(t *testing.T) {
	forward := func(w *world, to string) {
		w.HandleFunc("GET "+settingsPath, func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, strings.ReplaceAll(to, "PORT", w.port), http.StatusFound)
		})
	}
	lookup := func(w *world, record string) {
		w.dns.Remove("_domainconnect.example.com")
		w.dns.Add(t, "_domainconnect.example.com. IN TXT "+record)
	}
	settings := func(old, now string) func(*world) {
		return func(w *world) { w.answer(settingsPath, http.StatusOK, strings.Replace(healthySettings, old, now, 1)) }
	}
	for name, tt := range map[string]struct {
		plant func(*world)
		want  string
	}{
		"no record":       {func(w *world) { w.dns.Remove("_domainconnect.example.com") }, "does not support Domain Connect: there is no TXT record _domainconnect.example.com"},
		"DNS fails":       {func(w *world) { w.dns.Fail("_domainconnect.example.com", "SERVFAIL") }, "looking up TXT of _domainconnect.example.com"},
		"record is empty": {func(w *world) { lookup(w, `""`) }, "is not the host of a DNS provider"},
		"record with query": {func(w *world) { lookup(w, `"dns.example/?"`) },
			"is not the host of a DNS provider"},
		"record with user":   {func(w *world) { lookup(w, `"a@dns.example"`) }, "is not the host of a DNS provider"},
		"record with dots":   {func(w *world) { lookup(w, `"dns.example/../x"`) }, "is not the host of a DNS provider"},
		"host is missing":    {func(w *world) { lookup(w, "gone.example") }, "gone.example has no address"},
		"host is private":    {func(w *world) { lookup(w, "inside.example:"+w.port) }, "inside.example has the address 127.0.0.2, which is not public"},
		"address is private": {func(w *world) { lookup(w, "[::1]:"+w.port) }, "::1 has the address ::1, which is not public"},
		"not the zone":       {func(w *world) { w.answer(settingsPath, http.StatusNotFound, "") }, "does not have the zone example.com"},
		"status":             {func(w *world) { w.answer(settingsPath, http.StatusBadGateway, "") }, "answers with status 502"},
		"not JSON":           {func(w *world) { w.answer(settingsPath, http.StatusOK, "<html>") }, "the answer is not the JSON of Domain Connect"},
		"too large":          {func(w *world) { w.answer(settingsPath, http.StatusOK, strings.Repeat(" ", maxAnswer+1)) }, "the answer has more than 64 KiB"},
		"no links":           {settings(`"urlSyncUX": "https://dns.example/panel/",`, ""), `"Some DNS" has no links to apply templates`},
		"links over http":    {settings(`X": "https://dns.example/panel/`, `X": "http://dns.example/panel/`), "urlSyncUX: \"http://dns.example/panel/\" is not an https URL"},
		"API is private":     {settings("https://dns.example:PORT/api", "https://inside.example:PORT/api"), "which is not public"},
		"no API":             {settings("https://dns.example:PORT/api", ""), `urlAPI: "" is not an https URL`},
		"redirect inside":    {func(w *world) { forward(w, "https://inside.example:PORT/") }, "inside.example has the address 127.0.0.2, which is not public"},
		"redirect to http":   {func(w *world) { forward(w, "http://dns.example:PORT/") }, "which is not https"},
		"redirect loop":      {func(w *world) { forward(w, "https://dns.example:PORT"+settingsPath) }, "there are too many redirects"},
		"wrong certificate": {func(w *world) {
			w.dns.Add(t, "other.example. IN A 127.0.0.1")
			lookup(w, "other.example:"+w.port)
		}, "certificate is valid for dns.example"},
		"no template":     {func(w *world) { w.answer(templatePath, http.StatusNotFound, "") }, `"Some DNS" does not have the template example.net.mail-setup.json`},
		"template status": {func(w *world) { w.answer(templatePath, http.StatusForbidden, "") }, "answers with status 403"},
		"no public key":   {func(w *world) { w.dns.Remove("_dck1.example.net") }, "there is no TXT record _dck1.example.net"},
		"another key":     {func(w *world) { w.linker.Key = newKey() }, "have another public key"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			planted := httptest.NewRequest(http.MethodGet, "/", nil)
			tt.plant(w)
			for path, body := range map[string]string{settingsPath: healthySettings, templatePath: ""} {
				planted.URL.Path = path
				if _, pattern := w.Handler(planted); pattern == "" {
					w.answer(path, http.StatusOK, body)
				}
			}
			link, err := w.linker.Link(t.Context(), "example.com", Labels())
			if link != "" || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q, %v", link, err)
			}
		})
	}
}

// TestPrivateAddresses pins the default, and what changes it.
func TestPrivateAddresses(t *testing.T) {
	w := healthy(t)
	w.linker.public = nil
	if _, err := w.linker.Link(t.Context(), "example.com", Labels()); err == nil || !strings.Contains(err.Error(), "not public") {
		t.Errorf("by default: %v", err)
	}
	w.linker.AllowPrivate = true
	if _, err := w.linker.Link(t.Context(), "example.com", Labels()); err != nil {
		t.Errorf("allowed: %v", err)
	}
}
