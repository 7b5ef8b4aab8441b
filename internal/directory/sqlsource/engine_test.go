package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

// patience is a time limit that no test runs into.
const patience = time.Minute

// engine is a database with an empty schema. Its DSN is the administrator's,
// so that nowhere but the session protects what is in it.
type engine struct {
	driver string
	dsn    string
	db     *sql.DB
	server *databases.Server // nil for SQLite
	// What the databases write in different ways.
	quotedName func(string) string
	double     string // a floating-point type
	forever    string // a SELECT that does not end soon
	sleepy     string // an expression that takes a moment
	says       map[string]string
}

func (e engine) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := e.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// source makes a source of these queries with a patient time limit.
func (e engine) source(t testing.TB, domainQuery, mailboxQuery string, change ...func(*source.SQL)) *Source {
	t.Helper()
	opts := source.SQL{Driver: e.driver, DSN: e.dsn, DomainQuery: domainQuery, MailboxQuery: mailboxQuery, Timeout: patience}
	for _, c := range change {
		c(&opts)
	}
	s, err := New("panel", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // fails if a test broke the connection
	return s
}

func newSQLite(t testing.TB) engine {
	t.Helper()
	file := filepath.Join(t.TempDir(), "panel ?#%.db")
	db, err := sql.Open("sqlite", "file:"+escaped(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return engine{
		driver: "sqlite", dsn: file, db: db,
		quotedName: func(s string) string { return "[" + s + "]" },
		double:     "REAL",
		forever:    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) AS login FROM n WHERE {domain} <> i",
		sleepy:     "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT MAX(i) FROM n)",
		says: map[string]string{
			"missing table":    "no such table: nowhere",
			"missing column":   "no such column: nowhere",
			"missing function": "no such function: nowhere",
			"syntax":           `near "domain": syntax error`,
		},
	}
}

func newPostgreSQL(t testing.TB, server *databases.Server) engine {
	t.Helper()
	db := server.NewDatabase(t)
	return engine{
		driver: "postgres", dsn: db.DSN, db: db.DB, server: server,
		quotedName: func(s string) string { return `"` + s + `"` },
		double:     "DOUBLE PRECISION",
		forever:    "SELECT pg_sleep(3600)::text AS login FROM domain WHERE name = {domain}",
		sleepy:     "pg_sleep(0.01)::text",
		says: map[string]string{
			"missing table":    `relation "nowhere" does not exist`,
			"missing column":   `column "nowhere" does not exist`,
			"missing function": `function nowhere(unknown) does not exist`,
			"syntax":           `syntax error at or near "domain"`,
		},
	}
}

func newMariaDB(t testing.TB, server *databases.Server) engine {
	t.Helper()
	db := server.NewDatabase(t)
	return engine{
		driver: "mysql", dsn: db.DSN, db: db.DB, server: server,
		quotedName: func(s string) string { return "`" + s + "`" },
		double:     "DOUBLE",
		forever:    "SELECT MAX(CONCAT(seq, {domain})) AS login FROM seq_1_to_3600000000",
		sleepy:     "SLEEP(0.01)",
		says: map[string]string{
			"missing table":    "Table '" + db.Name + ".nowhere' doesn't exist",
			"missing column":   "Unknown column 'nowhere' in ",
			"missing function": "FUNCTION " + db.Name + ".nowhere does not exist",
			"syntax":           "You have an error in your SQL syntax; ",
		},
	}
}

// everyEngine runs a test with each database that is there.
func everyEngine(t *testing.T, test func(*testing.T, engine)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newSQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newPostgreSQL(t, servers.PostgreSQL(t))) })
	t.Run("MariaDB", func(t *testing.T) { test(t, newMariaDB(t, servers.MariaDB(t))) })
}

// panel fills in a small panel's tables.
func (e engine) panel(t testing.TB) engine {
	t.Helper()
	e.exec(t,
		`CREATE TABLE domain (name VARCHAR(255) NOT NULL PRIMARY KEY, unicode VARCHAR(255), provider VARCHAR(64),
			title VARCHAR(64), active INTEGER NOT NULL, host VARCHAR(255), port INTEGER, since TIMESTAMP NULL)`,
		`CREATE TABLE mailbox (address VARCHAR(255) NOT NULL PRIMARY KEY, login VARCHAR(64))`,
		`INSERT INTO domain VALUES ('example.com', 'example.com', 'hoster', 'Example', 1, NULL, NULL, NULL)`,
		`INSERT INTO domain VALUES ('off.example', 'off.example', 'hoster', NULL, 0, NULL, NULL, NULL)`,
		`INSERT INTO domain VALUES ('own.example', 'own.example', NULL, NULL, 1, 'IMAP.own.example', 1993, '2026-01-02 03:04:05')`,
		`INSERT INTO domain VALUES ('xn--bcher-kva.example', 'bücher.example', 'hoster', 'Bücher', 1, NULL, NULL, NULL)`,
		`INSERT INTO mailbox VALUES ('anna@example.com', 'web12p3')`,
		`INSERT INTO mailbox VALUES ('o''neil@example.com', 'web12p4')`,
	)
	backslash := `\`
	if e.driver == "mysql" {
		backslash = `\\`
	}
	e.exec(t, `INSERT INTO mailbox VALUES ('back`+backslash+`slash@example.com', 'web12p5')`)
	return e
}

const (
	domainQuery = "SELECT provider, title AS display_name, active AS enabled, host AS imap_host, port AS imap_port FROM domain WHERE name = {domain}"
	loginQuery  = "SELECT login FROM mailbox WHERE address = {address}"
)

// hosted checks that a domain has the record of the hoster.
func hosted(t *testing.T, s *Source, d address.Domain) {
	t.Helper()
	if got, err := s.Domain(t.Context(), d); err != nil || got.Provider != "hoster" {
		t.Errorf("%s: %+v, %v", d, got, err)
	}
}

// fails checks the text of an error that is not source.ErrNotFound.
func fails(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want || errors.Is(err, source.ErrNotFound) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func lookUp(t *testing.T, s *Source, d address.Domain) error {
	t.Helper()
	_, err := s.Domain(t.Context(), d)
	return err
}

func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// listen accepts connections on the address it returns and sends nothing.
func listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}
