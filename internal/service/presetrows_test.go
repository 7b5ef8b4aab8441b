package service

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/test/databases"
)

// panelTables are the tables of a panel as far as a preset reads them, with the
// indexes and the character set that the panel gives them, and no other; filled
// from n(i) with ten thousand customers. One in ten has an alias domain.
type panelTables struct {
	charset    string // for MariaDB; "" for the server's
	statements []string
}

func panelTablesFor(preset, driver string) panelTables {
	flag, yes, no := "smallint", "1", "0"
	if driver == "postgres" && preset != "iredmail" {
		flag, yes, no = "boolean", "true", "false"
	}
	switch preset {
	case "ispconfig":
		return panelTables{"utf8", []string{
			`CREATE TABLE server (server_id int PRIMARY KEY, server_name varchar(255) NOT NULL)`,
			`CREATE TABLE mail_domain (domain_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, domain varchar(255) NOT NULL, active enum('n','y') NOT NULL,
				KEY (server_id, domain), KEY (domain, active))`,
			`CREATE TABLE mail_forwarding (forwarding_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, source varchar(255) NOT NULL, destination text,
				type enum('alias','aliasdomain','forward','catchall') NOT NULL, active enum('n','y') NOT NULL, KEY (server_id, source), KEY (type))`,
			`CREATE TABLE mail_user (mailuser_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, email varchar(255) NOT NULL, login varchar(255) NOT NULL,
				access enum('n','y') NOT NULL DEFAULT 'y', postfix enum('n','y') NOT NULL, KEY (server_id, email), KEY (email, access))`,
			`INSERT INTO server SELECT i, CONCAT('mail', i, '.hoster.example') FROM digit`,
			`INSERT INTO mail_domain (server_id, domain, active) SELECT i % 10, CONCAT('customer-', i, '.example'), 'y' FROM n`,
			`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10, CONCAT('info@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example'), 'alias', 'y' FROM n`,
			`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10, CONCAT('@alias-', i, '.example'), CONCAT('@customer-', i, '.example'), 'aliasdomain', 'y' FROM n WHERE i % 10 = 0`,
			`INSERT INTO mail_user (server_id, email, login, postfix) SELECT i % 10, CONCAT('anna@customer-', i, '.example'), CONCAT('web', i, 'p1'), 'y' FROM n`,
		}}
	case "froxlor":
		return panelTables{"utf8", []string{
			`CREATE TABLE panel_domains (id int PRIMARY KEY AUTO_INCREMENT, domain varchar(255) NOT NULL, aliasdomain int NULL, isemaildomain tinyint(1) NOT NULL, deactivated tinyint(1) NOT NULL DEFAULT 0, KEY (domain))`,
			`CREATE TABLE mail_users (id int PRIMARY KEY AUTO_INCREMENT, email varchar(255) NOT NULL, username varchar(255) NOT NULL, postfix enum('Y','N') NOT NULL, UNIQUE KEY (email))`,
			`INSERT INTO panel_domains (id, domain, isemaildomain) SELECT i + 1, CONCAT('customer-', i, '.example'), 1 FROM n`,
			`INSERT INTO panel_domains (domain, aliasdomain, isemaildomain) SELECT CONCAT('alias-', i, '.example'), i + 1, 1 FROM n WHERE i % 10 = 0`,
			`INSERT INTO mail_users (email, username, postfix) SELECT CONCAT('anna@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example'), 'Y' FROM n`,
		}}
	case "mailu":
		user := map[bool]string{true: "`user`", false: `"user"`}[driver == "mysql"]
		return panelTables{"", []string{
			`CREATE TABLE domain (name varchar(80) PRIMARY KEY)`,
			`CREATE TABLE alternative (name varchar(80) PRIMARY KEY, domain_name varchar(80) NOT NULL REFERENCES domain (name))`,
			`CREATE TABLE ` + user + ` (email varchar(255) PRIMARY KEY, localpart varchar(80) NOT NULL, domain_name varchar(80) NOT NULL REFERENCES domain (name), enabled ` + flag + ` NOT NULL)`,
			`INSERT INTO domain SELECT CONCAT('customer-', i, '.example') FROM n`,
			`INSERT INTO alternative SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
			`INSERT INTO ` + user + ` SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example'), ` + yes + ` FROM n`,
		}}
	}
	charset := ""
	if preset == "postfixadmin" {
		charset = "latin1"
	}
	return panelTables{charset, []string{
		`CREATE TABLE domain (domain varchar(255) PRIMARY KEY, backupmx ` + flag + ` NOT NULL, active ` + flag + ` NOT NULL)`,
		`CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active ` + flag + ` NOT NULL)`,
		`CREATE INDEX alias_active ON alias_domain (active)`,
		`CREATE INDEX alias_target ON alias_domain (target_domain)`,
		`CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL, kind varchar(100) NOT NULL, active ` + flag + ` NOT NULL)`,
		`CREATE INDEX mailbox_domain ON mailbox (domain)`,
		`INSERT INTO domain SELECT CONCAT('customer-', i, '.example'), ` + no + `, ` + yes + ` FROM n`,
		`INSERT INTO alias_domain SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example'), ` + yes + ` FROM n WHERE i % 10 = 0`,
		`INSERT INTO mailbox SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example'), '', ` + yes + ` FROM n`,
	}}
}

// panelDatabase makes the tables of a panel. driver is one that its preset has.
func panelDatabase(t *testing.T, preset, driver string) databases.Database {
	t.Helper()
	var db databases.Database
	tables := panelTablesFor(preset, driver)
	switch driver {
	case "sqlite":
		file := filepath.Join(t.TempDir(), "panel.db")
		opened, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = opened.Close() })
		db = databases.Database{DB: opened, DSN: file}
	case "mysql":
		db = servers.MariaDB(t).NewDatabase(t)
		db.Exec(t, `SET GLOBAL userstat = 1`)
		if tables.charset != "" {
			db.Exec(t, `ALTER DATABASE CHARACTER SET `+tables.charset)
		}
	case "postgres":
		db = servers.PostgreSQL(t).NewDatabase(t)
	}
	thousands := ""
	if driver == "sqlite" { // which tells its plan, whatever the number of rows
		thousands = ` WHERE a.i = 0`
	}
	db.Exec(t,
		`CREATE TABLE digit (i int)`, `INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)`,
		`CREATE TABLE n (i int)`, `INSERT INTO n SELECT a.i * 1000 + b.i * 100 + c.i * 10 + d.i FROM digit a, digit b, digit c, digit d`+thousands,
	)
	db.Exec(t, tables.statements...)
	analyze := []string{`ANALYZE`}
	if driver == "mysql" {
		analyze = nil
		for name := range counts(t, db, `SELECT table_name, 0 FROM information_schema.tables WHERE table_schema = DATABASE()`) {
			analyze = append(analyze, "ANALYZE TABLE `"+name+"`")
		}
	}
	db.Exec(t, analyze...)
	return db
}

// TestPresetsReadAFewRows pins that the queries of the presets find what they
// look for by the indexes that the panels have, however many customers there
// are.
func TestPresetsReadAFewRows(t *testing.T) {
	// Known to read more than they have to, and to be mended.
	known := map[string][]string{
		"ispconfig on mysql": {"domain: mail_domain mail_forwarding", "mailbox: mail_forwarding"},
		"mailu on sqlite":    {"mailbox: u"},
		"mailu on postgres":  {"mailbox: user"},
	}
	for _, panel := range preset.SQLNames() {
		for _, driver := range []string{"sqlite", "mysql", "postgres"} {
			queries, err := preset.SQL(panel, driver)
			if err != nil {
				continue // not a database of this panel
			}
			t.Run(panel+" on "+driver, func(t *testing.T) {
				db := panelDatabase(t, panel, driver)
				src := source.SQL{Driver: driver, DSN: db.DSN, DomainQuery: queries.Domain, MailboxQuery: queries.Mailbox}
				var got []string
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
					if tables := readByTheThousand(t, db, src, what, ask); len(tables) > 0 {
						got = append(got, what+": "+strings.Join(tables, " "))
					}
				}
				slices.Sort(got)
				if !slices.Equal(got, known[panel+" on "+driver]) {
					t.Errorf("these are read from begin to end, or in large part: %q, want %q", got, known[panel+" on "+driver])
				}
			})
		}
	}
}

// readByTheThousand asks about customers, their alias domains and what nobody
// has, and names the tables of which it reads more than a few rows each time.
func readByTheThousand(t *testing.T, db databases.Database, src source.SQL, what string, ask func(*sqlsource.Source, address.Domain) error) []string {
	t.Helper()
	const times, few = 10, 50 // there are ten mail servers, which may be gone through
	if src.Driver == "sqlite" {
		return scannedBySQLite(t, db, map[string]string{"domain": src.DomainQuery, "mailbox": src.MailboxQuery}[what])
	}
	db.Exec(t, map[string]string{"mysql": `FLUSH TABLE_STATISTICS`, "postgres": `SELECT pg_stat_reset()`}[src.Driver])
	s, err := sqlsource.New("panel", src)
	if err != nil {
		t.Fatal(err)
	}
	for i := range times {
		for _, name := range []string{"customer", "alias", "nobody"} {
			d := address.Domain(fmt.Sprintf("%s-%d.example", name, 370*i))
			if err := ask(s, d); err != nil && !errors.Is(err, source.ErrNotFound) || err == nil && name == "nobody" || err != nil && name == "customer" {
				t.Fatalf("%s: %v", d, err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	query := `SELECT table_name, rows_read FROM information_schema.table_statistics WHERE table_schema = DATABASE()`
	if src.Driver == "postgres" {
		waitUntilGone(t, db)
		query = `SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables`
	}
	var tables []string
	for name, rows := range counts(t, db, query) {
		if rows > 3*times*few {
			tables = append(tables, name)
		}
	}
	slices.Sort(tables)
	return tables
}

// scannedBySQLite names the tables, as the query does, that SQLite means to read from begin to
// end.
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

// waitUntilGone waits until nobody but the administrator is connected: then
// PostgreSQL has counted what they read.
func waitUntilGone(t *testing.T, db databases.Database) {
	t.Helper()
	for connected := 1; connected > 0; {
		const query = `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE application_name = 'waymark' AND datname = current_database()`
		if err := db.DB.QueryRowContext(t.Context(), query).Scan(&connected); err != nil {
			t.Fatal(err)
		}
	}
}

// counts returns the rows of a query, which are names and numbers.
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
