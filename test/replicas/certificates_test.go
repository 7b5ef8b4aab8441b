package replicas

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// patience is a time limit that only a failure runs into.
const patience = 2 * time.Minute

// hoster is an authority, and the settings of replicas whose customers and
// certificates are in one database.
type hoster struct {
	t         *testing.T
	authority *acmetest.Authority
	database  *databases.Server
	settings  string // the path of the file
}

func newHoster(t *testing.T) *hoster {
	t.Helper()
	waymark.Binary(t)
	h := &hoster{t: t, authority: acmetest.New(t), database: databases.StartPostgreSQL(t), settings: filepath.Join(t.TempDir(), "waymark.yaml")}
	db, dsn := h.database.Certificates(t, "../../docs/tls.md")
	db.Exec(t,
		`CREATE TABLE customers (domain text PRIMARY KEY)`,
		`INSERT INTO customers SELECT 'customer-' || i || '.example' FROM generate_series(1, 9) i`,
		`GRANT SELECT ON customers TO `+db.Name)
	textfile.Write(t, h.settings, fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
tls:
  listen: "127.0.0.1:0"
  acme:
    email: ops@example.org
    directory: %q
    roots_file: %q
    check_dns: false
    storage: {sql: customers, key: a secret of thirty-two characters}
providers:
  mine:
    services: [{protocol: imap, host: mail.hoster.example}, {protocol: submission, host: mail.hoster.example}]
directory:
  - {source: sql, name: customers, driver: postgres, dsn: %q, provider: mine, queries: {domain: "SELECT domain FROM customers WHERE domain = {domain}"}}
`, h.authority.URL, h.authority.WriteServer(t), dsn))
	return h
}

// replica is a Waymark with a state directory of its own.
type replica struct {
	*waymark.Waymark
	state string
}

func (h *hoster) start(state string) *replica {
	h.t.Helper()
	return &replica{waymark.StartFile(h.t, h.settings, "STATE_DIRECTORY="+state), state}
}

// leadTo has the authority validate all names at one replica.
func (h *hoster) leadTo(r *replica) {
	h.t.Helper()
	h.authority.Validate(portOf(h.t, r.HTTP), portOf(h.t, r.HTTPS))
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// try returns the serial number of the certificate that a replica has for a name.
func (h *hoster) try(r *replica, name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: h.authority.Root, ServerName: name}}).DialContext(ctx, "tcp", r.HTTPS)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// shake tries like a client until it succeeds.
func (h *hoster) shake(r *replica, name string) string {
	h.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		serial, err := h.try(r, name)
		if err == nil {
			return serial
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s: %v", name, err)
		}
	}
}

// mustOrder requires that so many orders have been made.
func (h *hoster) mustOrder(want int) {
	h.t.Helper()
	if got := h.authority.Orders(); got != want {
		h.t.Errorf("%d orders, want %d", got, want)
	}
}

// listed returns the names that "waymark certificates" lists, with the last errors.
func (h *hoster) listed(r *replica) map[string]string {
	h.t.Helper()
	cmd := exec.Command(waymark.Binary(h.t), "certificates", "-c", h.settings, "-o", "json")
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+r.state)
	out, err := cmd.Output()
	var list []struct {
		Name  string
		From  string
		Error string `json:"last_error"`
	}
	if jsonErr := json.Unmarshal(out, &list); jsonErr != nil {
		h.t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	all := map[string]string{}
	for _, c := range list {
		if c.From == "acme" {
			all[c.Name] = c.Error
		}
	}
	return all
}

// await waits until an order is held.
func await(t *testing.T, reached <-chan struct{}) {
	t.Helper()
	select {
	case <-reached:
	case <-time.After(patience):
		t.Fatal("no order gets there")
	}
}

// TestOneReplicaIsKilled asks both of two replicas for one name: one of them orders, the
// authority validates the name at one of them, and both serve the same certificate. Then
// one is killed in the middle of an order, and the other one takes over when its lock
// has expired.
func TestOneReplicaIsKilled(t *testing.T) {
	t.Parallel()
	h := newHoster(t)
	one, two := h.start(t.TempDir()), h.start(t.TempDir())
	h.leadTo(two)
	// The order is of one, and the answer to the authority of two.
	first := h.shake(one, "autoconfig.customer-1.example")
	if got := h.shake(two, "autoconfig.customer-1.example"); got != first {
		t.Errorf("the replicas have certificates %s and %s", first, got)
	}
	h.mustOrder(1)
	serials := make([]string, 8)
	var clients sync.WaitGroup
	for i := range serials {
		clients.Go(func() {
			serials[i] = h.shake([]*replica{one, two}[i%2], "autoconfig.customer-2.example")
		})
	}
	clients.Wait()
	for _, serial := range serials {
		if serial != serials[0] {
			t.Errorf("clients got certificates %s and %s", serials[0], serial)
		}
	}
	h.mustOrder(2)

	reached, release := h.authority.Hold(acmetest.Finalize)
	clients.Go(func() {
		if _, err := h.try(one, "autoconfig.customer-3.example"); err == nil {
			t.Error("an unfinished order has a certificate")
		}
	})
	await(t, reached)
	one.Kill(t)
	clients.Wait()
	release()
	third := h.shake(two, "autoconfig.customer-3.example")
	h.mustOrder(4) // the one that was cut off, too

	again := h.start(one.state)
	if got := h.shake(again, "autoconfig.customer-3.example"); got != third {
		t.Errorf("after a restart the certificate is %s, not %s", got, third)
	}
	h.mustOrder(4)
}

// TestTheDatabaseIsKilled kills it when the authority has issued a certificate that is
// not stored yet. Names that have one are served, also by a replica that starts then,
// and the new one is stored as soon as the database is back.
func TestTheDatabaseIsKilled(t *testing.T) {
	t.Parallel()
	h := newHoster(t)
	w, other := h.start(t.TempDir()), h.start(t.TempDir())
	h.leadTo(w)
	const held, ordered = "autoconfig.customer-1.example", "autoconfig.customer-2.example"
	serial := h.shake(w, held)
	h.shake(other, held)
	other.Stop(t)
	reached, release := h.authority.Hold(acmetest.Download)
	var client sync.WaitGroup
	client.Go(func() { _, _ = h.try(w, ordered) }) // whether it still waits then or not
	await(t, reached)
	h.database.Kill(t)
	other = h.start(other.state)
	for what, r := range map[string]*replica{"from memory": w, "after a restart": other} {
		if got, err := h.try(r, held); err != nil || got != serial {
			t.Errorf("%s, without the database: %s, %v", what, got, err)
		}
	}
	release()
	h.database.Start(t)
	client.Wait()
	h.shake(w, ordered)
	h.mustOrder(2) // what was issued is not lost
	if got := h.listed(w); len(got) != 2 || got[held] != "" || got[ordered] != "" {
		t.Errorf("waymark certificates lists %q", got)
	}
}
