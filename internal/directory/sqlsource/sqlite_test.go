package sqlsource

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestPathsOfSQLite opens a file by every way to write its path.
func TestPathsOfSQLite(t *testing.T) {
	e := newSQLite(t).panel(t)
	t.Chdir(filepath.Dir(e.dsn))
	name := filepath.Base(e.dsn)
	for _, dsn := range []string{e.dsn, name, "./" + name, "file:" + escaped(e.dsn), "file:" + escaped(name), "file://" + escaped(e.dsn), "file:" + escaped(e.dsn) + "?immutable=1&mode=rwc"} {
		s := e.source(t, domainQuery, "", func(o *source.SQL) { o.DSN = dsn })
		hosted(t, s, "example.com")
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// TestAFileIsNotMade checks that a wrong path creates no file.
func TestAFileIsNotMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	for _, dsn := range []string{file, "file:" + file + "?mode=rwc", "file:" + file + "?_query_only=0"} {
		if err := lookUp(t, newSQLite(t).source(t, domainQuery, "", func(o *source.SQL) { o.DSN = dsn }), "example.com"); err == nil {
			t.Errorf("%s: no error", dsn)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// TestAPanelThatWrites has another program change the file all the time, in
// both ways in which SQLite keeps its journal.
func TestAPanelThatWrites(t *testing.T) {
	for _, mode := range []string{"DELETE", "WAL"} {
		t.Run(mode, func(t *testing.T) {
			e := newSQLite(t)
			e.exec(t, "PRAGMA journal_mode = "+mode)
			s := e.panel(t).source(t, domainQuery, "")
			for i := range 20 {
				e.exec(t, fmt.Sprintf("UPDATE domain SET title = 'No. %d' WHERE name = 'example.com'", i))
				if got, err := s.Domain(t.Context(), "example.com"); err != nil || got.Name != fmt.Sprintf("No. %d", i) {
					t.Fatalf("%+v, %v", got, err)
				}
			}
		})
	}
}

func TestALockedFile(t *testing.T) {
	e := newSQLite(t).panel(t)
	tx, err := e.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Close() }()
	if _, err := tx.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	e.dsn = "file:" + escaped(e.dsn) + "?_busy_timeout=10"
	s := e.source(t, domainQuery, "", func(o *source.SQL) { o.Timeout = 10 * time.Second })
	fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: the database is locked by another program")
	if _, err := tx.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	hosted(t, s, "example.com")
}

// TestATableThatChanges pins that prepared statements see a changed table.
func TestATableThatChanges(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		s := e.panel(t).source(t, "SELECT provider, port AS imap_port FROM domain WHERE name = {domain}", "", func(o *source.SQL) { o.Connections = 1 })
		hosted(t, s, "example.com")
		e.exec(t, "ALTER TABLE domain ADD COLUMN later INTEGER")
		hosted(t, s, "example.com")
		switch e.driver {
		case "postgres":
			e.exec(t, "ALTER TABLE domain ALTER COLUMN port TYPE TEXT")
		case "mysql":
			e.exec(t, "ALTER TABLE domain MODIFY port VARCHAR(10)")
		default:
			e.exec(t, "ALTER TABLE domain DROP COLUMN port", "ALTER TABLE domain ADD COLUMN port TEXT")
		}
		hosted(t, s, "example.com")
	})
}

// BenchmarkDomain is a lookup that no cache answers, in a file of 100,000
// domains.
func BenchmarkDomain(b *testing.B) {
	const domains = 100_000
	e := newSQLite(b).panel(b)
	e.exec(b, fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d) INSERT INTO domain SELECT 'customer' || i || '.example', '', 'hoster', NULL, 1, NULL, NULL, NULL FROM n", domains))
	s := e.source(b, domainQuery, "")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i = i%domains + 1
		if _, err := s.Domain(b.Context(), address.Domain(fmt.Sprintf("customer%d.example", i))); err != nil {
			b.Fatal(err)
		}
	}
}
