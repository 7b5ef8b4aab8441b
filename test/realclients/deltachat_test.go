package realclients

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/deltachat"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// TestDeltaChat sets up each address with the core of Delta Chat. The core finds the
// settings, then logs in at the servers and with the user name of the canonical
// settings, and nowhere else.
func TestDeltaChat(t *testing.T) {
	program := programs.Need(t, "deltachat-rpc-server", "npm, then npm install @deltachat/stdio-rpc-server, and put its program on the PATH")
	python := programs.Need(t, "python3", "python3")
	for _, c := range []struct {
		name    string
		example string // whose Waymark the hosts lead to
		address string
		hosts   []string // that exist, "https://name"
		asks    []string // "name:port" until it has found the settings; none where it finds nothing
	}{
		{
			name: "autoconfig", example: "infomaniak.yaml", address: "anna@example.com",
			hosts: []string{"https://autoconfig.example.com"}, asks: []string{"autoconfig.example.com:443"},
		},
		{
			name: "well-known only; STARTTLS and a login of another form", example: "hosting.yaml", address: "anna@classic.test",
			hosts: []string{"https://classic.test"}, asks: []string{"autoconfig.classic.test:443", "classic.test:443"},
		},
		{
			name: "OAuth2 before the password", example: "hosting.yaml", address: "anna@customer-two.example",
			hosts: []string{"https://autoconfig.customer-two.example"}, asks: []string{"autoconfig.customer-two.example:443"},
		},
		{
			name: "Autodiscover only is no way for a client that sends GET", example: "infomaniak.yaml", address: "anna@example.com",
			hosts: []string{"https://autodiscover.example.com"},
		},
		{
			name: "a domain that Waymark does not know", example: "selfhosted.yaml", address: "anna@unknown.test",
			hosts: []string{"https://autoconfig.unknown.test", "https://unknown.test", "https://autodiscover.unknown.test"},
		},
		{name: "where nothing answers nothing is found", example: "infomaniak.yaml", address: "anna@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			ca := certtest.Authority("Test Root", nil)
			web := ca.Server(namesOf(c.hosts)...)
			w := start(t, c.example, withTLS(web.Write(t, t.TempDir())))
			routes, accepted := map[string]string{}, map[string]*x509.Certificate{}
			w.answerOn(t, routes, c.hosts)
			_, domain, _ := strings.Cut(c.address, "@")
			// Where it found nothing it guesses. These are its first guesses.
			asks := []string{"imap." + domain + ":993", "smtp." + domain + ":465"}
			for _, name := range namesOf(c.hosts) {
				accepted[name] = web.Cert
			}
			// Before that it asks its whole plan.
			for _, stage := range deltachat.Ask(c.address, client.DNS{}) {
				for _, q := range stage.Questions {
					asks = append(asks, strings.Split(q.URL, "/")[2]+":443")
				}
			}
			var logins []login
			if found := len(c.asks) > 0; found {
				a := accountOf(t, w.canonical(t, c.address, ""))
				mail := ca.Server(a.Incoming.Host, a.Outgoing.Host)
				asks = slices.Clone(c.asks)
				for _, s := range []server{a.Incoming, a.Outgoing} {
					at := fmt.Sprintf("%s:%d", s.Host, s.Port)
					address, users := startMailServer(t, s, mail.TLS())
					routes[at], accepted[s.Host] = address, mail.Cert
					asks, logins = append(asks, at), append(logins, login{s, users})
				}
			}
			net := startNetwork(t, routes)
			d := startDeltaChat(ctx, t, program, net)
			d.enter(ctx, t, python, accepted)
			d.setUp(t, c.address)
			for _, l := range logins {
				select {
				case user := <-l.users:
					t.Log(l.at)
					if user != l.at.User {
						t.Errorf("logs in at %s as %s", l.at, user)
					}
				case <-ctx.Done():
					t.Errorf("does not log in at %s", l.at)
				}
			}
			compareAsked(t, net.wasAskedFor(), asks, c.asks != nil)
		})
	}
}

// login is one that is expected.
type login struct {
	at    server
	users <-chan string
}

// compareAsked requires each of want to have been asked; with only, nothing else.
func compareAsked(t *testing.T, asked, want []string, only bool) {
	t.Helper()
	for _, at := range want {
		if !slices.Contains(asked, at) {
			t.Errorf("did not ask %s", at)
		}
	}
	for _, at := range asked {
		if only && !slices.Contains(want, at) {
			t.Errorf("asked %s, too", at)
		}
	}
}

// deltaChat is the core of Delta Chat with one empty account.
type deltaChat struct {
	in       io.Writer
	out      *bufio.Reader
	last     int
	account  int
	database string // of the account
}

// startDeltaChat starts the core, which reaches nothing but its network and ends
// with ctx.
func startDeltaChat(ctx context.Context, t *testing.T, program string, net *network) *deltaChat {
	t.Helper()
	accounts := filepath.Join(t.TempDir(), "accounts")
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = []string{"DC_ACCOUNTS_PATH=" + accounts, "RUST_LOG=info", "NO_COLOR=1"}
	cmd.WaitDelay = 10 * time.Second
	said := &programs.Log{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Delta Chat wrote:\n%s\nand asked %q", said, net.wasAskedFor())
		}
	})
	d := &deltaChat{in: in, out: bufio.NewReader(out)}
	d.call(t, "add_account", &d.account)
	d.call(t, "batch_set_config", nil, d.account, map[string]string{"proxy_enabled": "1", "proxy_url": "socks5://" + net.address})
	database, err := filepath.Glob(filepath.Join(accounts, "*", "dc.db"))
	if err != nil || len(database) != 1 {
		t.Fatalf("the database of the account: %q, %v", database, err)
	}
	d.database = database[0]
	return d
}

// enter makes the core accept the certificates of hosts. Its authorities are
// compiled in, and there is no setting for another one. But it accepts the key
// that it met on a host before, so that a certificate that was not renewed in
// time does not stop the mail: these are entered where it keeps such keys.
func (d *deltaChat) enter(ctx context.Context, t *testing.T, python string, certificates map[string]*x509.Certificate) {
	t.Helper()
	args := []string{"-c", `import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db:
    for host, key in zip(sys.argv[2::2], sys.argv[3::2]):
        db.execute("INSERT INTO tls_spki (host, spki_hash, timestamp) VALUES (?, ?, ?)", (host, key, int(time.time())))
`, d.database}
	for host, certificate := range certificates {
		key := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
		args = append(args, host, base64.StdEncoding.EncodeToString(key[:]))
	}
	if text, err := exec.CommandContext(ctx, python, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// setUp configures an address. It never succeeds, since no server accepts a login.
func (d *deltaChat) setUp(t *testing.T, email string) {
	t.Helper()
	if err := d.try("add_or_update_transport", nil, d.account, map[string]string{"addr": email, "password": "secret"}); err == nil {
		t.Error("the account works, which cannot be")
	}
}

func (d *deltaChat) call(t *testing.T, method string, result any, params ...any) {
	t.Helper()
	if err := d.try(method, result, params...); err != nil {
		t.Fatal(err)
	}
}

// try sends one request of JSON-RPC 2.0, a line each way, and waits for its
// response.
func (d *deltaChat) try(method string, result any, params ...any) error {
	d.last++
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": d.last, "method": method, "params": params})
	if err != nil {
		return err
	}
	if _, err := d.in.Write(append(request, '\n')); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var response struct {
		ID     int
		Result json.RawMessage
		Error  json.RawMessage
	}
	if err := json.Unmarshal(line, &response); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if response.ID != d.last || response.Error != nil {
		return fmt.Errorf("%s: %s", method, line)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(response.Result, result)
}
