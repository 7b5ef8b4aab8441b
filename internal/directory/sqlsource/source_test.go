package sqlsource

import (
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

const secret = "s3cret-Pa55"

func TestNewRefuses(t *testing.T) {
	const dsn = "postgres://waymark:" + secret + "@db.example/mail"
	domain, mailbox := "SELECT 1 AS enabled FROM d WHERE a = {domain}", "SELECT b AS login FROM d WHERE a = {address}"
	for _, tc := range []struct {
		name string
		opts source.SQL
		want string
	}{
		{"an unknown driver", source.SQL{Driver: "oracle", DSN: dsn, DomainQuery: domain}, `sql: driver: must be postgres, mysql or sqlite, is "oracle"`},
		{"no query", source.SQL{Driver: "postgres", DSN: dsn}, "sql: queries: needs a domain query or a mailbox query"},
		{"an empty query", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: " \n"}, "sql: queries.domain: is empty"},
		{"no dsn", source.SQL{Driver: "sqlite", DomainQuery: domain}, "sql: dsn: is empty"},
		{"a domain query without the domain", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: "SELECT 1 AS enabled"}, "sql: queries.domain: must contain {domain} or {domain_unicode}"},
		{"a mailbox query without the mailbox", source.SQL{Driver: "postgres", DSN: dsn, MailboxQuery: domain}, "sql: queries.mailbox: must contain {address} or {local}"},
		{"a domain query with an address", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: mailbox}, "sql: queries.domain: unknown placeholder {address}; available here: {domain}, {domain_unicode}"},
		{"a channel of MySQL", source.SQL{Driver: "mysql", DSN: "u:p@tcp(h)/d", DomainQuery: domain, Channel: "waymark"}, "sql: notify: only postgres sends change notifications"},
		{"a channel in upper case", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: domain, Channel: "Waymark"}, "sql: notify: must be 1 to 63 characters from a to z, 0 to 9 and _, and not begin with a digit"},
		{"a long channel", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: domain, Channel: strings.Repeat("a", 64)}, "sql: notify: must be 1 to 63 characters from a to z, 0 to 9 and _, and not begin with a digit"},
		{"negative numbers", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: domain, Timeout: -time.Second, Connections: -1}, "sql: timeout: must be more than 0\nsql: connections: must be more than 0"},
		{"everything at once", source.SQL{Driver: "postgres", DSN: dsn, DomainQuery: domain + ";", MailboxQuery: "SELECT '{local}'"},
			"sql: queries.domain: contains a semicolon; write one statement without a semicolon at its end\n" +
				"sql: queries.mailbox: contains {local} inside quotes; remove the quotes: values are bound as parameters (join text with || or CONCAT)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := New("sql", tc.opts)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestDSNsThatAreNotUnderstood checks that no part of a DSN comes back, because
// what is not understood may be the password.
func TestDSNsThatAreNotUnderstood(t *testing.T) {
	for driver, dsns := range map[string][]string{
		"postgres": {
			"postgres://waymark:" + secret + "/x@db.example:port/mail", "host=db password='" + secret, "postgres://w:%" + secret + "@db/mail",
			"host=db sslmode=" + secret, "port=" + secret, secret, "postgres://waymark:" + secret + "@db.example/mail?sslmode=sure",
			"postgres://waymark:a@" + secret + "/b@db.example/mail", "postgresql://waymark:1/" + secret + "@db.example/mail",
		},
		"mysql":  {"waymark:" + secret, "waymark:" + secret + "@db.example/mail", "waymark:" + secret + "@tcp(db/mail", "/mail?loc=" + secret, "u:" + secret + "@tcp(db)/mail?tls=" + secret},
		"sqlite": {"file:?" + secret, "file:a?%" + secret, "file:a?vfs=" + secret + "&vfs=b", ":memory:", "file:a?mode=memory"},
	} {
		for _, dsn := range dsns {
			_, err := New("sql", source.SQL{Driver: driver, DSN: dsn, DomainQuery: "SELECT 1 AS enabled FROM d WHERE a = {domain}"})
			if err == nil || !strings.HasPrefix(err.Error(), "sql: dsn: must look like ") && !strings.HasPrefix(err.Error(), "sql: dsn: has sslmode, ") || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %s: %v", driver, dsn, err)
			}
		}
	}
}

func TestNewDoesNotReachForTheDatabase(t *testing.T) {
	for driver, dsn := range map[string]string{
		"postgres": "postgres://waymark@127.0.0.1:1/mail", "mysql": "waymark@tcp(127.0.0.1:1)/mail", "sqlite": "/nowhere/at/all.db",
	} {
		s, err := New("sql", source.SQL{Driver: driver, DSN: dsn, DomainQuery: "SELECT 1 AS enabled FROM d WHERE a = {domain}"})
		if err != nil {
			t.Fatalf("%s: %v", driver, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
