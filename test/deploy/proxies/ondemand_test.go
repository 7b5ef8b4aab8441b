package proxies

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestCertificatesOnDemand lets Caddy get certificates from an ACME authority for every
// customer and for nobody else, even while their database is down.
func TestCertificatesOnDemand(t *testing.T) {
	const customers = 40
	waymark.Binary(t)
	server := databases.StartPostgreSQL(t)
	db := server.NewDatabase(t)
	db.Exec(t,
		`CREATE ROLE `+db.Name+` LOGIN PASSWORD 'change-me'`,
		`CREATE TABLE domains (name text PRIMARY KEY)`,
		fmt.Sprintf(`INSERT INTO domains SELECT 'c' || i || '.example' FROM generate_series(0, %d) i`, customers),
		`GRANT SELECT ON domains TO `+db.Name)
	w := waymark.Start(t, fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: [127.0.0.1, "::1"]
providers:
  hoster:
    services:
      - {protocol: imap, host: imap.hoster.example}
directory:
  - source: sql
    driver: postgres
    dsn: %q
    provider: hoster
    queries: {domain: "SELECT name AS domain FROM domains WHERE name = {domain}"}
domains:
  "*": {provider: hoster}
`, server.DSN(db.Name, "change-me", db.Name)))
	authority := acmetest.New(t)
	p := runCaddy(t, copied(t, "Caddyfile.many", "waymark:8080", w.HTTP, "waymark:9090", w.Ops), authority)

	handshake := func(want bool, format string, i int) {
		t.Helper()
		name := fmt.Sprintf(format, i)
		if got := handshakes(p, name); got != want {
			t.Fatalf("%s has a certificate: %t, want %t", name, got, want)
		}
	}
	mustOrder := func(want int) {
		t.Helper()
		if got := authority.Orders(); got != want {
			t.Errorf("%d orders, want %d", got, want)
		}
	}
	for i := range customers {
		handshake(true, "autoconfig.c%d.example", i)
	}
	for i := range 20 {
		handshake(false, "autoconfig.x%d.example", i)
		handshake(false, "www.c%d.example", i)
	}
	mustOrder(customers)
	resp, body := p.ask(t, "127.0.0.2", "GET", "https://autoconfig.c7.example/mail/config-v1.1.xml", "", nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "<domain>c7.example</domain>") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}

	server.Kill(t)
	for i := range customers {
		handshake(true, "autoconfig.c%d.example", i)
	}
	const more = 10
	for i := range more {
		handshake(true, "autodiscover.c%d.example", i) // a new name of a domain that is known
		handshake(false, "autoconfig.y%d.example", i)
	}
	mustOrder(customers + more)
	resp, body = p.ask(t, "127.0.0.2", "GET", "https://autodiscover.c7.example/mail/config-v1.1.xml", "", nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "<domain>c7.example</domain>") {
		t.Errorf("without the database: %d %s", resp.StatusCode, body)
	}
}
