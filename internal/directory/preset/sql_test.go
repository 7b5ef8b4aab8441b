package preset_test

import (
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/dryrun"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

// database makes a database with the panel's schema.
func (p panel) database(t *testing.T, driver string, statements ...string) (db databases.Database) {
	t.Helper()
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
	case "postgres":
		db = servers.PostgreSQL(t).NewDatabase(t)
	}
	db.Exec(t, p.schema(driver)...)
	db.Exec(t, statements...)
	return db
}

// drivers returns the databases that a preset is for.
func (p panel) drivers() []string {
	return slices.DeleteFunc([]string{"postgres", "mysql", "sqlite"}, func(driver string) bool {
		_, err := preset.SQL(p.name, driver)
		return err != nil
	})
}

// open opens the preset of a panel on a database.
func (p panel) open(t *testing.T, driver, dsn string, mailboxes bool) *sqlsource.Source {
	t.Helper()
	queries, err := preset.SQL(p.name, driver)
	if err != nil {
		t.Fatal(err)
	}
	if !mailboxes {
		queries.Mailbox = ""
	}
	src, err := sqlsource.New(p.name, source.SQL{Driver: driver, DSN: dsn, DomainQuery: queries.Domain, MailboxQuery: queries.Mailbox, ListQuery: queries.List, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// everyPreset runs a test for each preset on each of its databases.
func everyPreset(t *testing.T, test func(*testing.T, panel, string)) {
	for _, p := range panels() {
		for _, driver := range p.drivers() {
			t.Run(p.name+" on "+driver, func(t *testing.T) { test(t, p, driver) })
		}
	}
}

// TestPanels runs each preset against the databases of its panel.
func TestPanels(t *testing.T) {
	everyPreset(t, func(t *testing.T, p panel, driver string) {
		db := p.database(t, driver, p.fill(driver)...)
		src := p.open(t, driver, db.DSN, true)
		if err := src.Check(t.Context()); err != nil {
			t.Fatalf("check: %v", err)
		}
		p.askDomains(t, src)
		p.askMailboxes(t, src)
		p.list(t, src)
	})
}

// TestOlderISPConfig has the tables of a version without the column local_delivery.
func TestOlderISPConfig(t *testing.T) {
	p := ispconfig()
	db := p.database(t, "mysql", p.fill("mysql")...)
	db.Exec(t, `DELETE FROM mail_domain WHERE local_delivery = 'n'`, `DELETE FROM mail_forwarding WHERE destination = '@relay.example'`, `ALTER TABLE mail_domain DROP COLUMN local_delivery`)
	src := p.open(t, "mysql", db.DSN, true)
	if err := src.Check(t.Context()); err != nil {
		t.Fatalf("check: %v", err)
	}
	p.askDomains(t, src)
	p.askMailboxes(t, src)
	p.list(t, src)
}

// expected is what a panel's preset returns for each domain.
func (p panel) expected() map[address.Domain]answer {
	want := everyPanel()
	for _, d := range p.without {
		want[d] = answer{err: source.ErrNotFound.Error()}
	}
	maps.Copy(want, p.domains)
	return want
}

func (p panel) askDomains(t *testing.T, src *sqlsource.Source) {
	t.Helper()
	for d, expected := range p.expected() {
		if expected.err == "" && !expected.noHost {
			expected.record.MailHost = p.host
		}
		got, err := src.Domain(t.Context(), d)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if said != expected.err || !reflect.DeepEqual(got, expected.record) {
			t.Errorf("%s: got %+v, %v; want %+v, %s", d, got, err, expected.record, expected.err)
		}
	}
}

// list lists the domains. Each one that a lookup finds is listed, and a lookup fails
// for those that are listed and are not right.
func (p panel) list(t *testing.T, src *sqlsource.Source) {
	t.Helper()
	var found, failed []string
	_, err := dryrun.Run(t.Context(), src, dryrun.Options{
		Workers: 4,
		Usable: func(d address.Domain, _ source.Record) error {
			found = append(found, string(d))
			return nil
		},
		Fault:    func(err error) { failed = append(failed, err.Error()) },
		Alike:    func(string) {},
		Progress: func(int, int) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	for d, expected := range p.expected() {
		fine := expected.err == "" && !expected.record.Disabled
		if fine != slices.Contains(found, string(d)) {
			t.Errorf("%s: should be found: %t; found are %s", d, fine, found)
		}
		broken := expected.err != "" && expected.err != source.ErrNotFound.Error() || d == "xn--mller-kva.example" // which every panel has as müller
		if broken != slices.ContainsFunc(failed, func(text string) bool { return strings.HasPrefix(text, "domain "+string(d)+": ") }) {
			t.Errorf("%s: should fail: %t; failed are %q", d, broken, failed)
		}
	}
}

func (p panel) askMailboxes(t *testing.T, src *sqlsource.Source) {
	t.Helper()
	for text, known := range mailboxes() {
		a, err := address.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := src.Mailbox(t.Context(), a)
		switch {
		case !known && !errors.Is(err, source.ErrNotFound):
			t.Errorf("%s: got %+v, %v; want source.ErrNotFound", text, got, err)
		case known && (err != nil || got.Login != p.login):
			t.Errorf("%s: got %+v, %v; want the login %s", text, got, err, p.login)
		}
	}
}

func TestSQL(t *testing.T) {
	var tested []string
	for _, p := range panels() {
		tested = append(tested, p.name)
	}
	if names := preset.SQLNames(); !slices.Equal(names, tested) {
		t.Errorf("there are the presets %v, and panels() here has the tables of %v: add what is missing", names, tested)
	}
	for name, want := range map[string]string{
		"mailcow": "mailcow needs the driver mysql, not sqlite",
		"plesk":   `unknown preset "plesk"; known: ` + strings.Join(tested, ", "),
	} {
		if _, err := preset.SQL(name, "sqlite"); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
