package dnsupdates

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/waymark"
)

// start starts a Waymark whose ports the authority does not reach.
func start(t *testing.T, a *acmetest.Authority, dns string) *waymark.Waymark {
	t.Helper()
	a.Validate(1, 1)
	return waymark.Start(t, fmt.Sprintf(`listen: ":80"
ops: {listen: ":9090"}
tls: {listen: ":443", acme: {email: ops@example.org, directory: %q, roots_file: %q, check_dns: false, dns: %s}}
providers:
  mine:
    services: [{protocol: imap, host: mail.hoster.example}, {protocol: submission, host: mail.hoster.example}]
domains: {example.com: {provider: mine}, customer.example: {provider: mine}}
`, a.URL, a.WriteServer(t), dns))
}

// shake shakes hands as a client that trusts the authority.
func shake(a *acmetest.Authority, w *waymark.Waymark, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: a.Root, ServerName: name}}).DialContext(ctx, "tcp", w.HTTPS)
	if err == nil {
		err = conn.Close()
	}
	return err
}

// served requires that a name is served, after some handshakes.
func served(t *testing.T, a *acmetest.Authority, w *waymark.Waymark, name string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		err := shake(a, w, name)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// TestBIND orders certificates with challenges in the zone of the guide, whose policy
// refuses another name and other keys, and in the zone that a customer's CNAME records lead to.
func TestBIND(t *testing.T) {
	b := startBIND(t)
	a := acmetest.New(t, acmetest.Resolver(b.resolver(t)))

	w := start(t, a, b.settings(""))
	served(t, a, w, "autoconfig.example.com")
	served(t, a, w, "autodiscover.example.com")
	if err := shake(a, w, "ua-auto-config.example.com"); err == nil {
		t.Error("a name is served that the policy does not grant")
	}
	if line := w.Log.Next(`"msg":"certificate order failed"`, patience); !strings.Contains(line, "REFUSED") {
		t.Errorf("the log has %q, want REFUSED", line)
	}
	running := []*waymark.Waymark{w}
	for _, change := range [][2]string{{"key_name: waymark", "key_name: other"}, {b.keyFile, b.otherKeyFile}} {
		stranger := start(t, a, strings.Replace(b.settings(""), change[0], change[1], 1))
		if err := shake(a, stranger, "autoconfig.example.com"); err == nil {
			t.Errorf("a name is served with %s", change[1])
		}
		if line := stranger.Log.Next(`"msg":"certificate order failed"`, patience); !strings.Contains(line, "bad authentication") {
			t.Errorf("with %s, the log has %q, want bad authentication", change[1], line)
		}
		running = append(running, stranger)
	}

	delegated := start(t, a, b.settings(", delegate_to: _acme-challenge.acme.example.org"))
	served(t, a, delegated, "autoconfig.customer.example")
	served(t, a, delegated, "autodiscover.customer.example")

	for _, name := range []string{"_acme-challenge.autoconfig.example.com.", "_acme-challenge.autodiscover.example.com.", "_acme-challenge.acme.example.org."} {
		if n := b.challenges(t, name); n != 0 {
			t.Errorf("%d records are left at %s", n, name)
		}
	}
	for _, w := range append(running, delegated) {
		if log := w.Log.String(); strings.Contains(log, b.key) || strings.Contains(log, otherKey) {
			t.Error("the log has the key")
		}
	}
}
