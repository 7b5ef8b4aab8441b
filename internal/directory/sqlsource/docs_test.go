package sqlsource

import (
	"database/sql"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// guide is docs/directory-sql.md: its sections by their headings.
func guide(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/directory-sql.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		heading, body, _ := strings.Cut(section, "\n")
		sections[heading] = body
	}
	return sections
}

// statements returns the SQL of a section.
func statements(section string) []string {
	var all []string
	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)\n```").FindAllStringSubmatch(section, -1) {
		for statement := range strings.SplitSeq(block[1], "\n\n") {
			all = append(all, strings.TrimSuffix(statement, ";"))
		}
	}
	return all
}

// inYAML returns the query that the guide has for a key.
func inYAML(t *testing.T, section, key string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ +` + key + `: (SELECT .*)$`).FindStringSubmatch(section)
	if found == nil {
		t.Fatalf("the guide has no query %s", key)
	}
	return found[1]
}

const (
	introduction = "# Domains in an SQL database"
	switching    = "From Postfix and Dovecot"
	mariaDB      = "MySQL and MariaDB"
)

// customers makes and fills the tables of the guide.
func (e engine) customers(t *testing.T) engine {
	t.Helper()
	e.exec(t, statements(guide(t)[introduction])...)
	e.exec(t,
		"INSERT INTO customers VALUES ('example.com', NULL, 'imap1.example.com', 1)",
		"INSERT INTO customers VALUES ('alias.example', 'example.com', NULL, 1)",
		"INSERT INTO customers VALUES ('off.example', NULL, NULL, 0)",
		"INSERT INTO mailboxes VALUES ('anna@example.com', 'web12p3')",
	)
	return e
}

func TestTheQueriesOfTheGuide(t *testing.T) {
	sections := guide(t)
	domain, mailbox := inYAML(t, sections[introduction], "domain"), inYAML(t, sections[introduction], "mailbox")
	queries, switched := statements(sections["Queries"]), statements(sections[switching])
	if len(queries) != 2 || len(switched) != 2 || len(statements(sections[introduction])) != 2 || len(statements(sections["SQLite"])) != 0 {
		t.Fatalf("the guide has other queries than this test runs: %q %q", queries, switched)
	}
	everyEngine(t, func(t *testing.T, e engine) {
		e.customers(t)
		joined := switched[1]
		if e.driver == "mysql" {
			if joined = strings.Replace(joined, "{local} || '@' || {domain}", "CONCAT({local}, '@', {domain})", 1); joined == switched[1] || !strings.Contains(sections[switching], "`CONCAT({local}, '@', {domain})`") {
				t.Fatal("the guide does not say how to put texts together")
			}
		}
		for _, tc := range []struct {
			query  string
			domain address.Domain
			want   source.Record
		}{
			{domain, "example.com", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Host: "imap1.example.com"}}}},
			{domain, "alias.example", source.Record{Canonical: "example.com"}},
			{domain, "off.example", source.Record{Disabled: true}},
			{queries[0], "example.com", source.Record{}},
			{switched[0], "example.com", source.Record{}},
		} {
			s := e.source(t, tc.query, "")
			if got, err := s.Domain(t.Context(), tc.domain); err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("%s\n%s: %+v, %v", tc.query, tc.domain, got, err)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Errorf("%s: %v", tc.query, err)
			}
		}
		for _, query := range []string{queries[0], switched[0]} {
			if err := lookUp(t, e.source(t, query, ""), "off.example"); !errors.Is(err, source.ErrNotFound) {
				t.Errorf("%s: %v", query, err)
			}
		}
		for _, query := range []string{mailbox, queries[1], joined} {
			s := e.source(t, "", query)
			if got, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "example.com"}); err != nil || got.Login != "web12p3" {
				t.Errorf("%s: %+v, %v", query, got, err)
			}
		}
	})
}

// TestTheRightsOfTheGuide checks that they suffice for the queries, and no more.
func TestTheRightsOfTheGuide(t *testing.T) {
	sections := guide(t)
	test := func(t *testing.T, e engine, driver string, rights []string) {
		e.customers(t)
		e.exec(t, rights...)
		dsn := e.server.DSN("waymark", "change-me", e.database(t))
		s := e.source(t, inYAML(t, sections[introduction], "domain"), inYAML(t, sections[introduction], "mailbox"), func(o *source.SQL) { o.DSN = dsn })
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if got, err := s.Domain(t.Context(), "alias.example"); err != nil || got.Canonical != "example.com" {
			t.Errorf("%+v, %v", got, err)
		}
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for _, forbidden := range []string{"DELETE FROM customers", "INSERT INTO mailboxes VALUES ('a@b.example', 'c')", "UPDATE customers SET active = 0", "CREATE TABLE d (e INTEGER)"} {
			if _, err := db.ExecContext(t.Context(), forbidden); err == nil {
				t.Errorf("the user of the guide may %s", forbidden)
			}
		}
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		e := newPostgreSQL(t, servers.PostgreSQL(t))
		t.Cleanup(func() {
			for _, statement := range []string{"DROP OWNED BY waymark", "DROP ROLE waymark"} { // roles belong to all databases
				if _, err := e.db.Exec(statement); err != nil {
					t.Error(err)
				}
			}
		})
		test(t, e, "pgx", statements(sections["PostgreSQL"])[:3])
	})
	t.Run("MariaDB", func(t *testing.T) {
		e := newMariaDB(t, servers.MariaDB(t))
		t.Cleanup(func() {
			if _, err := e.db.Exec("DROP USER 'waymark'@'127.0.0.1'"); err != nil {
				t.Error(err)
			}
		})
		test(t, e, "mysql", statements(sections[mariaDB]))
	})
}

func TestTheNotificationsOfTheGuide(t *testing.T) {
	e := newPostgreSQL(t, servers.PostgreSQL(t)).customers(t)
	section := statements(guide(t)["PostgreSQL"])
	if len(section) != 9 {
		t.Fatalf("the guide has %d statements for PostgreSQL", len(section))
	}
	triggers, off, on, notify := section[3:6], section[6], section[7], section[8]
	e.exec(t, triggers...)
	changes, _ := watch(t, e)
	wantChange(t, changes, "")
	e.exec(t, "INSERT INTO customers VALUES ('new.example', NULL, NULL, 1)")
	wantChange(t, changes, "new.example")
	e.exec(t, "UPDATE customers SET domain = 'newer.example' WHERE domain = 'new.example'")
	wantChange(t, changes, "new.example")
	wantChange(t, changes, "newer.example")
	e.exec(t, "DELETE FROM customers WHERE domain = 'newer.example'")
	wantChange(t, changes, "newer.example")
	e.exec(t, "TRUNCATE customers")
	wantChange(t, changes, "")
	e.exec(t, off, "INSERT INTO customers VALUES ('silent.example', NULL, NULL, 1)", on, notify)
	wantChange(t, changes, "")
	e.exec(t, "UPDATE customers SET active = 0")
	wantChange(t, changes, "silent.example")
}

// TestTheGuideNamesEveryColumn compares the table with what a result may have.
func TestTheGuideNamesEveryColumn(t *testing.T) {
	var named []string
	_, table, _ := strings.Cut(guide(t)["Queries"], "| column | meaning |")
	for row := range strings.Lines(strings.TrimSpace(table)) {
		if !strings.HasPrefix(row, "| `") {
			continue
		}
		for _, name := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(strings.SplitN(row, "|", 3)[1], -1) {
			named = append(named, name[1])
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, source.ColumnNames()) {
		t.Errorf("the guide has the columns\n%v\nand a result may have\n%v", named, source.ColumnNames())
	}
}

// TestTheGuideNamesEveryPlaceholder compares the table with what is replaced.
func TestTheGuideNamesEveryPlaceholder(t *testing.T) {
	where := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\{[a-z_]+\\})` \\| .* \\| (.*) \\|$").FindAllStringSubmatch(guide(t)["Queries"], -1) {
		where[row[2]] = append(where[row[2]], row[1])
	}
	both := append(slices.Clone(where["`mailbox`"]), where["both"]...)
	slices.Sort(both)
	all := slices.Sorted(slices.Values(mailboxPlaceholders()))
	if !slices.Equal(where["both"], domainPlaceholders()) || !slices.Equal(both, all) {
		t.Errorf("the guide has %v", where)
	}
}
