package preset_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

var update = flag.Bool("update", false, "write the guide instead of comparing it")

const guide = "../../../docs/directory-presets.md"

const introduction = `# Presets for SQL databases

<!-- made by: make golden -->
<!-- test: elsewhere: internal/directory/preset TestRightsOfTheGuide -->
For operators whose mail panel is in this table. A source of kind ` + "`sql`" + ` with ` + "`preset`" + ` needs no queries of its own;
[directory-sql.md](directory-sql.md) describes the connection. The queries are tested on the tables of the version named here.

| preset | tested with | databases | a domain is active if | user name, with ` + "`mailboxes: true`" + ` |
|---|---|---|---|---|
%s
- An inactive domain is an unknown domain, and no later source is asked. A domain for backup MX or relay is not found, so the next source
  is asked.
- An alias domain gets the settings of its target. Without ` + "`mailboxes: true`" + `, its user names have the domain of the target, which
  is what the panels authenticate; ` + "`alias_login: typed`" + ` keeps the alias domain.
- Names are compared exactly: a database that takes ` + "`müller`" + ` for ` + "`muller`" + ` cannot give the settings of one customer to another.
- A mailbox that may not log in gets the same answer as one that does not exist.
`

// grants returns the statements that give a user what the queries read.
func grants(driver, user string, tables []table) []string {
	var all []string
	for _, t := range tables {
		name := t.name
		if driver == "postgres" && name == "user" {
			name = `"user"`
		}
		all = append(all, fmt.Sprintf("GRANT SELECT (%s) ON %s TO %s", strings.Join(t.columns, ", "), name, user))
	}
	return all
}

// merged lists each table once, with all its columns.
func merged(tables []table) []table {
	var all []table
	for _, t := range tables {
		i := slices.IndexFunc(all, func(known table) bool { return known.name == t.name })
		if i < 0 {
			all = append(all, table{t.name, slices.Clone(t.columns)})
			continue
		}
		for _, c := range t.columns {
			if !slices.Contains(all[i].columns, c) {
				all[i].columns = append(all[i].columns, c)
			}
		}
	}
	return all
}

// more returns what mailboxes need besides what domains need.
func (p panel) more() []table {
	var all []table
	for _, t := range p.mailboxTables {
		for _, have := range p.domainTables {
			if have.name == t.name {
				t.columns = slices.DeleteFunc(slices.Clone(t.columns), func(c string) bool { return slices.Contains(have.columns, c) })
			}
		}
		if len(t.columns) > 0 {
			all = append(all, t)
		}
	}
	return all
}

var titles = map[string]string{"postgres": "PostgreSQL", "mysql": "MySQL and MariaDB", "sqlite": "SQLite"}

// page returns the guide.
func page(t *testing.T) string {
	t.Helper()
	var rows, sections strings.Builder
	for _, p := range panels() {
		var databases []string
		for _, driver := range p.drivers() {
			databases = append(databases, titles[driver])
		}
		fmt.Fprintf(&rows, "| `%s` | %s %s | %s | %s | %s |\n", p.name, p.title, p.tested, strings.Join(databases, ", "), p.active, p.logins)
		fmt.Fprintf(&sections, "\n## %s\n", p.title)
		last := preset.Queries{}
		for _, driver := range p.drivers() {
			queries, err := preset.SQL(p.name, driver)
			if err != nil {
				t.Fatal(err)
			}
			if queries != last {
				fmt.Fprintf(&sections, "\n%s, for a domain and for a mailbox:\n\n```sql\n%s;\n\n%s;\n```\n\nAnd for `waymark check --online`, which lists the domains:\n\n```sql\n%s;\n```\n", titles[driver], queries.Domain, queries.Mailbox, queries.List)
				last = queries
			}
			user := map[string]string{"postgres": "waymark", "mysql": "'waymark'@'127.0.0.1'"}[driver]
			if user == "" {
				continue
			}
			fmt.Fprintf(&sections, "\nThe rights on %s, and with `mailboxes: true` also:\n\n```sql\n%s;\n```\n\n```sql\n%s;\n```\n", titles[driver],
				strings.Join(grants(driver, user, p.domainTables), ";\n"), strings.Join(grants(driver, user, p.more()), ";\n"))
		}
	}
	return fmt.Sprintf(introduction, rows.String()) + sections.String()
}

// TestGuide compares the guide with the presets.
func TestGuide(t *testing.T) {
	want := page(t)
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(guide)
	if err != nil || string(got) != want {
		t.Errorf("the guide is not that of the presets; run make golden: %v", err)
	}
}

// TestRightsOfTheGuide connects as a user with the rights of the guide: they
// suffice, with and without mailboxes, and none of the columns is too many.
func TestRightsOfTheGuide(t *testing.T) {
	everyPreset(t, func(t *testing.T, p panel, driver string) {
		if driver == "sqlite" {
			return // which has no users
		}
		db := p.database(t, driver, p.fill(driver)...)
		admin := db.Server.DSN
		user := "reader_" + db.Name
		create, drop := []string{"CREATE USER " + user + " IDENTIFIED BY 'change-me'"}, []string{"DROP USER " + user}
		if driver == "postgres" {
			create, drop = []string{"CREATE ROLE " + user + " LOGIN PASSWORD 'change-me'"}, []string{"DROP OWNED BY " + user, "DROP ROLE " + user}
		}
		try := func(mailboxes bool, rights []string) error {
			db.Exec(t, create...)
			defer db.Exec(t, drop...)
			db.Exec(t, rights...)
			src := p.open(t, driver, admin(user, "change-me", db.Name), mailboxes)
			defer func() { _ = src.Close() }()
			if err := src.Check(t.Context()); err != nil {
				return err
			}
			if err := src.List(t.Context(), func(string) error { return nil }); err != nil {
				return err
			}
			_, err := src.Domain(t.Context(), "example.com")
			return err
		}
		for mailboxes, tables := range map[bool][]table{false: p.domainTables, true: merged(append(slices.Clone(p.domainTables), p.mailboxTables...))} {
			if err := try(mailboxes, grants(driver, user, tables)); err != nil {
				t.Errorf("mailboxes %t: %v", mailboxes, err)
			}
			for _, fewer := range withoutOne(tables) {
				if err := try(mailboxes, grants(driver, user, fewer)); err == nil || errors.Is(err, source.ErrNotFound) {
					t.Errorf("mailboxes %t: the rights %v suffice", mailboxes, fewer)
				}
			}
		}
	})
}

// withoutOne returns the tables without one of their columns, for each column.
func withoutOne(tables []table) [][]table {
	var all [][]table
	for i, t := range tables {
		if len(t.columns) == 1 {
			continue // to grant nothing is another statement
		}
		for j := range t.columns {
			fewer := slices.Clone(tables)
			fewer[i] = table{t.name, slices.Delete(slices.Clone(t.columns), j, j+1)}
			all = append(all, fewer)
		}
	}
	return all
}
