package proxies

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/waymark-mail/waymark/test/waymark"
)

// TestCertificatesOnDemand lets Caddy get certificates for every customer and
// for nobody else, even while their database is down.
func TestCertificatesOnDemand(t *testing.T) {
	const customers = 200
	file := filepath.Join(t.TempDir(), "customers.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE domains (name TEXT PRIMARY KEY)`)
	exec(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO domains SELECT 'c' || i || '.example' FROM n`, customers))
	w := waymark.Start(t, fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: [127.0.0.1, "::1"]
providers:
  hoster:
    services:
      - {protocol: imap, host: imap.hoster.example}
directory:
  - source: sql
    driver: sqlite
    dsn: %q
    provider: hoster
    queries: {domain: "SELECT name AS domain FROM domains WHERE name = {domain}"}
domains:
  "*": {provider: hoster}
`, file))
	p := runCaddy(t, copied(t, "Caddyfile.many", "waymark:8080", w.HTTP, "waymark:9090", w.Ops))

	handshake := func(want bool, format string, i int) {
		t.Helper()
		name := fmt.Sprintf(format, i)
		if got := handshakes(p, name); got != want {
			t.Fatalf("%s has a certificate: %t, want %t", name, got, want)
		}
	}
	for i := range customers {
		handshake(true, "autoconfig.c%d.example", i)
	}
	for i := range 50 {
		handshake(false, "autoconfig.x%d.example", i)
		handshake(false, "www.c%d.example", i)
	}
	resp, body := p.ask(t, "127.0.0.2", "GET", "https://autoconfig.c7.example/mail/config-v1.1.xml", "", nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "<domain>c7.example</domain>") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}

	exec(`DROP TABLE domains`)
	for i := range customers {
		handshake(true, "autoconfig.c%d.example", i)
	}
	for i := range 50 {
		handshake(true, "autodiscover.c%d.example", i) // a new name of a domain that is known
		handshake(false, "autoconfig.y%d.example", i)
	}
}
