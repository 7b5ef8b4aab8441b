package service

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) {
	if isLoad() {
		os.Exit(mainOfLoad())
	}
	os.Exit(servers.Main(m))
}

// company is a hosting company with its customers in a database. Of ten
// domains one has a mail server of its own, one of 64; of a hundred one is
// switched off; and of ten one has a mailbox whose login is not its address.
type company struct {
	databases.Database
	driver string
	size   int // domains
}

// fill makes the tables of a company.
func fill(tb testing.TB, driver string, db databases.Database, size int) company {
	tb.Helper()
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", size-1)
	db.Exec(tb, customersSchema()...)
	db.Exec(tb,
		`INSERT INTO customers `+numbers+` SELECT 'customer-' || i || '.example',
			CASE WHEN i % 10 = 5 THEN 'imap' || (i % 64) || '.hoster.example' END, CASE WHEN i % 100 = 99 THEN 0 ELSE 1 END FROM n`,
		`INSERT INTO mailboxes `+numbers+` SELECT 'anna@customer-' || i || '.example', 'web' || i || 'p1' FROM n WHERE i % 10 = 0`,
		`ANALYZE`,
	)
	return company{Database: db, driver: driver, size: size}
}

func newSQLiteCompany(tb testing.TB, size int) company {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "customers.db")
	db, err := sql.Open("sqlite", file+"?_pragma=synchronous(off)&_pragma=journal_mode(off)")
	if err != nil {
		tb.Fatal(err)
	}
	c := fill(tb, "sqlite", databases.Database{DB: db, DSN: file}, size)
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return c
}

func newPostgreSQLCompany(tb testing.TB, size int) company {
	tb.Helper()
	return fill(tb, "postgres", servers.PostgreSQL(tb).NewDatabase(tb), size)
}

// domain returns a domain of the company.
func (c company) domain(i int) address.Domain {
	return address.Domain(fmt.Sprintf("customer-%d.example", i))
}

// scattered returns a domain of the company. Numbers next to each other give
// names that are far apart in an index.
func (c company) scattered(i int) address.Domain { return c.domain(i * 7919 % c.size) }

// settings returns the settings file; more are keys of the source.
func (c company) settings(more string) string { return onDatabase(c.driver, c.DSN, more) }

func parsed(tb testing.TB, text string) *config.Config {
	tb.Helper()
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if findings.HasErrors() {
		tb.Fatal(findings)
	}
	return cfg
}

// opened is a directory as a running service has it.
type opened struct {
	*directory.Directory
	sources *Sources
}

func openDirectory(tb testing.TB, cfg *config.Config) opened {
	tb.Helper()
	metrics := telemetry.NewMetrics("", "")
	cfg.Limits.UnknownPerMinute, cfg.Limits.UnknownPerSecond = 0, 0 // a benchmark asks faster than strangers may
	sources, err := OpenSources(cfg, metrics, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return opened{sources.Directory(cfg, metrics), sources}
}

func (o opened) close(tb testing.TB) {
	tb.Helper()
	if err := o.sources.Close(); err != nil {
		tb.Error(err)
	}
}

// from returns the query of a client at autoconfig.<domain of the address>.
func from(local string, d address.Domain) settings.Query {
	return settings.Query{Domain: d, Host: d, Address: address.Address{Local: local, Domain: d}}
}
