package sqlsource

import (
	"strings"
	"testing"
	"time"
)

const secret = "s3cret-Pa55"

func TestNewRefuses(t *testing.T) {
	const dsn = "postgres://waymark:" + secret + "@db.example/mail"
	domain, mailbox := "SELECT 1 AS enabled FROM d WHERE a = :domain", "SELECT b AS login FROM d WHERE a = :address"
	for _, tc := range []struct {
		name string
		opts Options
		want string
	}{
		{"an unknown driver", Options{Driver: "oracle", DSN: dsn, DomainQuery: domain}, `sql: unknown driver "oracle"; known are postgres, mysql, sqlite`},
		{"no query", Options{Driver: "postgres", DSN: dsn}, "sql: there is neither a domain query nor a mailbox query"},
		{"an empty query", Options{Driver: "postgres", DSN: dsn, DomainQuery: " \n"}, "sql: the domain query is empty"},
		{"no dsn", Options{Driver: "sqlite", DomainQuery: domain}, "sql: the dsn is empty"},
		{"a domain query without the domain", Options{Driver: "postgres", DSN: dsn, DomainQuery: "SELECT 1 AS enabled"}, "sql: the domain query does not say what it asks for: it needs :domain or :domain_unicode"},
		{"a mailbox query without the mailbox", Options{Driver: "postgres", DSN: dsn, MailboxQuery: domain}, "sql: the mailbox query does not say what it asks for: it needs :address or :local"},
		{"a domain query with an address", Options{Driver: "postgres", DSN: dsn, DomainQuery: mailbox}, "sql: the domain query holds the unknown placeholder :address; known here are :domain, :domain_unicode"},
		{"a channel of MySQL", Options{Driver: "mysql", DSN: "u:p@tcp(h)/d", DomainQuery: domain, Channel: "waymark"}, "sql: only PostgreSQL notifies: there is no channel for mysql"},
		{"a channel in upper case", Options{Driver: "postgres", DSN: dsn, DomainQuery: domain, Channel: "Waymark"}, "sql: the channel must be a name of a-z, 0-9 and _"},
		{"a long channel", Options{Driver: "postgres", DSN: dsn, DomainQuery: domain, Channel: strings.Repeat("a", 64)}, "sql: the channel must be at most 63 octets"},
		{"negative numbers", Options{Driver: "postgres", DSN: dsn, DomainQuery: domain, Timeout: -time.Second, MaxConnections: -1}, "sql: the timeout must be more than 0\nsql: connections must be more than 0"},
		{"everything at once", Options{Name: "panel", Driver: "postgres", DSN: dsn, DomainQuery: domain + ";", MailboxQuery: "SELECT ':local'"},
			"panel: the domain query holds a ; outside of quotes; write one statement, and no ; at its end\n" +
				"panel: the mailbox query holds the placeholder :local inside of quotes; values are bound, so write :local without quotes, and put texts together with || or CONCAT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := New(tc.opts)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestDSNsThatAreNotUnderstood holds that no part of a DSN comes back, because
// what is not understood may be the password.
func TestDSNsThatAreNotUnderstood(t *testing.T) {
	for driver, dsns := range map[string][]string{
		"postgres": {
			"postgres://waymark:" + secret + "/x@db.example:port/mail", "host=db password='" + secret, "postgres://w:%" + secret + "@db/mail",
			"host=db sslmode=" + secret, "port=" + secret, secret, "postgres://waymark:" + secret + "@db.example/mail?sslmode=sure",
		},
		"mysql":  {"waymark:" + secret, "waymark:" + secret + "@db.example/mail", "waymark:" + secret + "@tcp(db/mail", "/mail?loc=" + secret, "u:" + secret + "@tcp(db)/mail?tls=" + secret},
		"sqlite": {"file:?" + secret, "file:a?%" + secret, "file:a?vfs=" + secret + "&vfs=b", ":memory:", "file:a?mode=memory"},
	} {
		for _, dsn := range dsns {
			_, err := New(Options{Driver: driver, DSN: dsn, DomainQuery: "SELECT 1 AS enabled FROM d WHERE a = :domain"})
			if err == nil || !strings.HasPrefix(err.Error(), "sql: the dsn is not understood") || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %s: %v", driver, dsn, err)
			}
		}
	}
}

func TestNewDoesNotReachForTheDatabase(t *testing.T) {
	for driver, dsn := range map[string]string{
		"postgres": "postgres://waymark@127.0.0.1:1/mail", "mysql": "waymark@tcp(127.0.0.1:1)/mail", "sqlite": "/nowhere/at/all.db",
	} {
		s, err := New(Options{Driver: driver, DSN: dsn, DomainQuery: "SELECT 1 AS enabled FROM d WHERE a = :domain"})
		if err != nil {
			t.Fatalf("%s: %v", driver, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
