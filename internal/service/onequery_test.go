package service

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/databases"
)

// traffic is what a database saw of a service.
type traffic struct {
	questions int // statements that ran
	seeks     int // searches in an index
	scans     int // readings of a whole table
	rows      int // rows that were given back
}

// watched is a company whose database tells what it was asked.
type watched struct {
	company
	// settings are those of the company, and may ask in a way that is counted.
	settings func(more string) string
	// seen returns what was asked since it was called last. Nobody may be
	// connected but for who calls it.
	seen func(*testing.T) traffic
}

func watchedCompanies() map[string]func(*testing.T, int) watched {
	return map[string]func(*testing.T, int) watched{"sqlite": watchedSQLite, "postgres": watchedPostgreSQL}
}

// sqliteAsked counts the values that SQLite looked for: one for each search in
// an index, and one for each row when it scans a table, because it may not treat
// the function as a constant.
var sqliteAsked atomic.Int64

var countInSQLite = sync.OnceValue(func() error {
	return sqlite.RegisterScalarFunction("counted", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		sqliteAsked.Add(1)
		return args[0], nil
	})
})

func watchedSQLite(t *testing.T, size int) watched {
	t.Helper()
	if err := countInSQLite(); err != nil {
		t.Fatal(err)
	}
	c := newSQLiteCompany(t, size)
	sqliteAsked.Store(0)
	return watched{
		company: c,
		settings: func(more string) string {
			return strings.NewReplacer("= {domain}", "= counted({domain})", "= {address}", "= counted({address})").Replace(c.settings(more))
		},
		seen: func(*testing.T) traffic {
			n := int(sqliteAsked.Swap(0))
			return traffic{questions: n, seeks: n}
		},
	}
}

// watchedPostgreSQL lets the server itself keep count, of one user. The question by
// which each new connection learns about its session does not count.
func watchedPostgreSQL(t *testing.T, size int) watched {
	t.Helper()
	server := databases.StartPostgreSQL(t)
	server.Database(t, "postgres").Exec(t, `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`)
	server.Kill(t)
	server.Start(t)
	db := server.NewDatabase(t)
	c := fill(t, "postgres", db, size)
	db.Exec(t, `CREATE EXTENSION pg_stat_statements`, `CREATE ROLE waymark LOGIN PASSWORD 'counted'`, `GRANT SELECT ON customers, mailboxes TO waymark`)
	c.DSN = server.DSN("waymark", "counted", db.Name)
	w := watched{company: c, settings: c.settings, seen: func(t *testing.T) traffic { t.Helper(); return postgresTraffic(t, db) }}
	w.seen(t)
	return w
}

func postgresTraffic(t *testing.T, db databases.Database) traffic {
	t.Helper()
	db.WaitUntilIdle(t)
	ctx := t.Context()
	var seen traffic
	err := errors.Join(
		db.DB.QueryRowContext(ctx, `SELECT coalesce(sum(calls), 0), coalesce(sum(rows), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname = 'waymark' AND s.query NOT LIKE '%current_setting%'`).
			Scan(&seen.questions, &seen.rows),
		db.DB.QueryRowContext(ctx, `SELECT sum(coalesce(idx_scan, 0)), sum(seq_scan) FROM pg_stat_user_tables`).Scan(&seen.seeks, &seen.scans),
	)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(t, `SELECT pg_stat_statements_reset()`, `SELECT pg_stat_reset()`)
	return seen
}

// TestAnAnswerIsOneIndexedQuestionThenNone pins why the number of domains does
// not matter: a domain that was never asked for costs one search in an index,
// and a cached answer costs neither a query nor an allocation.
func TestAnAnswerIsOneIndexedQuestionThenNone(t *testing.T) {
	const size, sample = 10_000, 20
	nobody := func(i int) address.Domain { return address.Domain(fmt.Sprintf("nobody-%d.example", i)) }
	for driver, company := range watchedCompanies() {
		t.Run(driver, func(t *testing.T) {
			c := company(t, size)
			for name, tc := range map[string]struct {
				more      string
				query     func(int) settings.Query
				questions int // for one answer
				unknown   bool
			}{
				"a customer":                   {"", func(i int) settings.Query { return from("anna", c.domain(10*i)) }, 1, false},
				"a customer on an own server":  {"", func(i int) settings.Query { return from("anna", c.domain(10*i+5)) }, 1, false},
				"a customer without an inbox":  {"", func(i int) settings.Query { return settings.Query{Host: c.domain(10 * i)} }, 1, false},
				"a customer who left":          {"", func(i int) settings.Query { return from("anna", c.domain(100*i+99)) }, 1, true},
				"a name that nobody has":       {"", func(i int) settings.Query { return from("anna", nobody(i)) }, 1, true},
				"a name below a listed domain": {"", func(i int) settings.Query { return settings.Query{Domain: nobody(i), Host: "mx.hoster.example"} }, 1, false},
				"a mailbox with a login":       {"mailboxes: true\n    public_logins: true", func(i int) settings.Query { return from("anna", c.domain(10*i)) }, 2, false},
				"a mailbox that nobody has":    {"mailboxes: true\n    public_logins: true", func(i int) settings.Query { return from("otto", c.domain(10*i)) }, 2, false},
			} {
				t.Run(name, func(t *testing.T) {
					d := openDirectory(t, parsed(t, c.settings(tc.more)))
					ask := func(ctx context.Context, q settings.Query) {
						if _, err := d.Resolve(ctx, q); tc.unknown != errors.Is(err, settings.ErrUnknownDomain) || !tc.unknown && err != nil {
							t.Errorf("%+v: %v", q, err)
						}
					}
					for i := range sample {
						ask(t.Context(), tc.query(i))
					}
					ctx, again := t.Context(), tc.query(sample/2)
					if n := testing.AllocsPerRun(1000, func() { ask(ctx, again) }); n != 0 {
						t.Errorf("a cached answer allocates %v times", n)
					}
					d.close(t)
					want := tc.questions * sample
					if got := c.seen(t); got.questions != want || got.seeks != want || got.scans != 0 {
						t.Errorf("%d answers cost %+v, want %d questions with one search in an index each", sample, got, want)
					}
				})
			}
		})
	}
}

// TestAStartReadsNoTable pins that a start takes as long with a million
// customers as with one: it asks one question, about somebody who cannot exist.
func TestAStartReadsNoTable(t *testing.T) {
	const starts = 3
	for driver, company := range watchedCompanies() {
		t.Run(driver, func(t *testing.T) {
			c := company(t, 1000)
			for range starts {
				h := start(t, c.settings(""))
				h.eventually("the check of the source", func() bool { return h.logs.FilterMessage("source available").Len() > 0 })
				h.stop()
			}
			if got, want := c.seen(t), (traffic{questions: starts, seeks: starts}); got != want {
				t.Errorf("%d starts cost %+v, want %+v", starts, got, want)
			}
		})
	}
}
