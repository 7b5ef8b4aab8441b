package sqlsource

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestFilesOfADSN checks that a file that is missing is not called a bad DSN.
func TestFilesOfADSN(t *testing.T) {
	for _, name := range []string{"sslrootcert", "sslcert=/nowhere/cert.pem&sslkey"} {
		_, err := New("panel", source.SQL{Driver: "postgres", DSN: "postgres://waymark:" + secret + "@db.example/mail?sslmode=verify-full&" + name + "=/nowhere/a.pem", DomainQuery: domainQuery})
		if err == nil || !strings.HasPrefix(err.Error(), "panel: dsn: open /nowhere/") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHostsThatDoNotResolve uses a name that DNS cannot have (RFC 6761 section 6.4).
func TestHostsThatDoNotResolve(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		s, err := New("panel", source.SQL{Driver: driver, Host: "a..invalid", Database: "mail", User: "waymark", Password: secret, DomainQuery: domainQuery})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "panel: the server cannot be reached: ") || !strings.Contains(err.Error(), "a..invalid") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", driver, err)
		}
		_ = s.Close()
	}
}

// TestServersWithoutTLS requires TLS of servers that have none.
func TestServersWithoutTLS(t *testing.T) {
	bothServers(t, false, func(t *testing.T, e engine) {
		dsn := map[string]string{"postgres": strings.Replace(e.dsn, "sslmode=disable", "sslmode=require", 1), "mysql": e.dsn + "?tls=true"}[e.driver]
		s := e.panel(t).source(t, domainQuery, "", func(o *source.SQL) { o.DSN = dsn })
		fails(t, s.Check(t.Context()), "panel: the server does not support TLS, which the dsn or the key tls requires")
	})
}

// TestCharactersThatAColumnLacks asks for U-labels in latin1.
func TestCharactersThatAColumnLacks(t *testing.T) {
	e := newMariaDB(t, servers.MariaDB(t))
	e.exec(t, "CREATE TABLE old (name VARCHAR(255)) CHARACTER SET latin1 COLLATE latin1_general_ci")
	s := e.source(t, "SELECT name AS domain FROM old WHERE name IN ({domain}, {domain_unicode})", "")
	err := lookUp(t, s, address.Domain("xn--r8jz45g.xn--zckzah"))
	if err == nil || !strings.Contains(err.Error(), "characters that the column's character set lacks") {
		t.Error(err)
	}
}
