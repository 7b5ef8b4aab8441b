package realclients

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// example is a running Waymark with the settings of an example.
type example struct {
	*waymark.Waymark
	cfg *config.Config
}

// ownSettings are settings that no example has.
var ownSettings = map[string]string{"exchange": `listen: ":80"
providers:
  beside:
    services: &beside
      - {protocol: imap, host: mail.beside.test}
      - {protocol: submission, host: mail.beside.test}
      - {protocol: ews, url: "https://ex.beside.test/EWS/Exchange.asmx"}
  announced:
    autodiscover: {ews: true}
    services: *beside
  alone:
    services:
      - {protocol: ews, url: "https://ex.alone.test/EWS/Exchange.asmx"}
domains:
  beside.test: {provider: beside}
  announced.test: {provider: announced}
  both.test: {provider: announced}
  alone.test: {provider: alone}
`}

// start runs the settings of examples/<name>, or its own of that name, with these lines in place of the
// certificates, which are for a machine that has them.
func start(t *testing.T, name, lines string) *example {
	t.Helper()
	text, own := ownSettings[name]
	if !own {
		text = waymark.WithoutKeys(textfile.Read(t, filepath.Join("..", "..", "examples", name)), "tls", "signing")
	}
	e := &example{Waymark: waymark.Start(t, text+lines)}
	cfg, findings := config.Load(e.Settings, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	e.cfg = cfg
	return e
}

// withTLS returns the line that makes Waymark answer https as well.
func withTLS(certFile, keyFile string) string {
	return fmt.Sprintf("tls: {listen: \":443\", cert_file: %q, key_file: %q}\n", certFile, keyFile)
}

// route returns the "name:port" of a host that is given as "scheme://name", and
// the listener that it must lead to.
func (e *example) route(host string) (at, listener string) {
	if name, ok := strings.CutPrefix(host, "https://"); ok {
		return name + ":443", e.HTTPS
	}
	return strings.TrimPrefix(host, "http://") + ":80", e.HTTP
}

// answerOn adds hosts to the routes of a network.
func (e *example) answerOn(t *testing.T, routes map[string]string, hosts []string) {
	t.Helper()
	for _, host := range hosts {
		at, listener := e.route(host)
		if routes[at] != "" {
			t.Fatalf("%s is in two cases", host)
		}
		routes[at] = listener
	}
}

// namesOf returns the names of hosts that are given as "scheme://host".
func namesOf(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		_, name, _ := strings.Cut(host, "://")
		names = append(names, name)
	}
	return names
}

// canonical returns the settings of an address, which every client must end
// up with. host is the domain of the requested host name where that counts, else
// "".
func (e *example) canonical(t *testing.T, email, host string) settings.Settings {
	t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	found, err := service.Resolve(t.Context(), e.cfg, settings.Query{Domain: a.Domain, Address: a, Host: address.Domain(host)})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// get fetches a path from the plain listener.
func (e *example) get(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := http.Get("http://" + e.HTTP + path)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return body
}
