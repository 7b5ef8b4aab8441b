package preset_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/test/databases"
)

// crowded makes a database of the panel with many customers: enough for a scan to
// be slow, and 200,000 where a query is hard for the database to plan.
func (p panel) crowded(t *testing.T, driver string) (databases.Database, int) {
	t.Helper()
	customers := 10_000
	switch {
	case driver == "sqlite": // which shows its plan, whatever the number of rows
		customers = 100
	case p.name == "ispconfig", p.name == "mailu" && driver == "postgres":
		customers = 200_000
	}
	db := p.database(t, driver, append([]string{
		`CREATE TABLE digit (i int)`, `INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)`,
		`CREATE TABLE n (i int)`, `INSERT INTO n SELECT * FROM (SELECT f.i * 100000 + e.i * 10000 + a.i * 1000 + b.i * 100 + c.i * 10 + d.i AS i
			FROM digit a, digit b, digit c, digit d, digit e, digit f WHERE f.i < 2 AND ` + strconv.Itoa(customers) + ` > f.i * 100000 + e.i * 10000) AS all_numbers WHERE i < ` + strconv.Itoa(customers),
	}, p.many(driver)...)...)
	analyze := []string{`ANALYZE`}
	if driver == "mysql" {
		analyze = []string{`SET GLOBAL userstat = 1`}
		for name := range counts(t, db, `SELECT table_name, 0 FROM information_schema.tables WHERE table_schema = DATABASE()`) {
			analyze = append(analyze, "ANALYZE TABLE `"+name+"`")
		}
	}
	db.Exec(t, analyze...)
	return db, customers
}

// TestPresetsReadAFewRows checks that the queries of the presets use the indexes
// of the panels, however many customers there are.
func TestPresetsReadAFewRows(t *testing.T) {
	everyPreset(t, func(t *testing.T, p panel, driver string) {
		queries, err := preset.SQL(p.name, driver)
		if err != nil {
			t.Fatal(err)
		}
		db, customers := p.crowded(t, driver)
		for what, ask := range map[string]func(*sqlsource.Source, address.Domain) error{
			"domain": func(s *sqlsource.Source, d address.Domain) error {
				_, err := s.Domain(t.Context(), d)
				return err
			},
			"mailbox": func(s *sqlsource.Source, d address.Domain) error {
				_, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: d})
				return err
			},
		} {
			var tables []string
			if driver == "sqlite" {
				tables = scannedBySQLite(t, db, map[string]string{"domain": queries.Domain, "mailbox": queries.Mailbox}[what])
			} else {
				tables = readByTheThousand(t, db, p, driver, customers, ask)
			}
			if len(tables) > 0 {
				t.Errorf("the %s query reads these tables in large part: %s", what, strings.Join(tables, " "))
			}
		}
	})
}

// readByTheThousand looks up customers, their alias domains and unknown domains,
// and returns the tables of which it reads more than a few rows each time.
func readByTheThousand(t *testing.T, db databases.Database, p panel, driver string, customers int, ask func(*sqlsource.Source, address.Domain) error) []string {
	t.Helper()
	const times, few = 10, 30 // a query may read all ten mail servers
	db.Exec(t, map[string]string{"mysql": `FLUSH TABLE_STATISTICS`, "postgres": `SELECT pg_stat_reset()`}[driver])
	s := p.open(t, driver, db.DSN, true)
	for i := range times {
		for _, name := range []string{"customer", "alias", "nobody"} {
			d := address.Domain(fmt.Sprintf("%s-%d.example", name, customers/times*i))
			err := ask(s, d)
			known := name == "customer" || name == "alias" && p.name != "froxlor" // whose mailboxes are their own
			if err != nil && !errors.Is(err, source.ErrNotFound) || err == nil && name == "nobody" || err != nil && known {
				t.Fatalf("%s: %v", d, err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	query := `SELECT table_name, rows_read FROM information_schema.table_statistics WHERE table_schema = DATABASE()`
	if driver == "postgres" {
		db.WaitUntilIdle(t)
		query = `SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables`
	}
	var tables []string
	for name, rows := range counts(t, db, query) {
		if rows > 3*times*few {
			tables = append(tables, fmt.Sprintf("%s (%d rows)", name, rows))
		}
	}
	slices.Sort(tables)
	return tables
}

// scannedBySQLite returns the tables that SQLite plans to scan, by their names in
// the query.
func scannedBySQLite(t *testing.T, db databases.Database, query string) []string {
	t.Helper()
	var args []any
	for _, name := range []string{"domain", "domain_unicode", "local", "address"} {
		query = strings.ReplaceAll(query, "{"+name+"}", ":"+name)
		args = append(args, sql.Named(name, "x"))
	}
	rows, err := db.DB.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	steps := 0
	var tables []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(step, "SEARCH ") {
			steps++
		}
		if alias, ok := strings.CutPrefix(step, "SCAN "); ok {
			tables = append(tables, strings.Fields(alias)[0])
			steps++
		}
	}
	if err := rows.Err(); err != nil || steps == 0 {
		t.Fatalf("the plan of %s has %d steps, %v", query, steps, err)
	}
	slices.Sort(tables)
	return slices.Compact(tables)
}

// counts returns the rows of a query, each a name and a number.
func counts(t *testing.T, db databases.Database, query string) map[string]int {
	t.Helper()
	rows, err := db.DB.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		all[name] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
