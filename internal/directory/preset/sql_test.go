package preset_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

// panel is a mail panel's schema as far as its preset reads it, with the indexes
// and the character set of the panel, and rows of customers: a domain, a disabled
// one, one that is only relayed, an alias domain and an international one.
type panel struct {
	name    string
	drivers []string
	charset string // for MariaDB; "" for the server's
	schema  func(driver string) []string
	fill    func(driver string) []string
	many    func(driver string) []string // fills in ten thousand customers from n(i); one in ten has an alias domain

	noDisabledDomain bool   // the panel cannot disable a domain
	host             string // of the customer's server; "" for the provider's
	login            string // of anna@example.com
}

// flags returns the type of booleans with their values; numbers unless the panel
// has booleans on PostgreSQL.
func flags(driver string, booleans bool) (kind, yes, no string) {
	if driver == "postgres" && booleans {
		return "boolean", "true", "false"
	}
	return "smallint", "1", "0"
}

// aliased returns a panel with the tables that PostfixAdmin introduced. mailboxes
// are rows of (username, local_part, domain, kind, active).
func aliased(name, charset string, booleans bool, drivers []string, mailboxes string, more ...string) panel {
	insert := func(driver string, statements ...string) []string {
		_, yes, no := flags(driver, booleans)
		for i := range statements {
			statements[i] = strings.NewReplacer("YES", yes, "NO", no).Replace(statements[i])
		}
		return statements
	}
	return panel{
		name: name, drivers: drivers, charset: charset, login: "anna@example.com",
		schema: func(driver string) []string {
			kind, _, _ := flags(driver, booleans)
			return []string{
				`CREATE TABLE domain (domain varchar(255) PRIMARY KEY, backupmx ` + kind + ` NOT NULL, active ` + kind + ` NOT NULL)`,
				`CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active ` + kind + ` NOT NULL)`,
				`CREATE INDEX alias_active ON alias_domain (active)`,
				`CREATE INDEX alias_target ON alias_domain (target_domain)`,
				`CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL, kind varchar(100) NOT NULL, active ` + kind + ` NOT NULL)`,
				`CREATE INDEX mailbox_domain ON mailbox (domain)`,
			}
		},
		fill: func(driver string) []string {
			return insert(driver, append([]string{
				`INSERT INTO domain VALUES ('example.com', NO, YES), ('off.example', NO, NO), ('relay.example', YES, YES), ('bücher.example', NO, YES)`,
				`INSERT INTO alias_domain VALUES ('alias.example', 'example.com', YES), ('alias-off.example', 'example.com', NO)`,
				`INSERT INTO mailbox VALUES ('anna@example.com', 'anna', 'example.com', '', YES), ` + mailboxes,
			}, more...)...)
		},
		many: func(driver string) []string {
			return insert(driver,
				`INSERT INTO domain SELECT CONCAT('customer-', i, '.example'), NO, YES FROM n`,
				`INSERT INTO alias_domain SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example'), YES FROM n WHERE i % 10 = 0`,
				`INSERT INTO mailbox SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example'), '', YES FROM n`,
			)
		},
	}
}

func fixed(statements ...string) func(string) []string {
	return func(string) []string { return slices.Clone(statements) }
}

func panels() []panel {
	user := func(driver string) string { return map[bool]string{true: "`user`", false: `"user"`}[driver == "mysql"] }
	return []panel{
		// PostfixAdmin lists every alias domain among the domains too, and has one
		// row that stands for all of them.
		aliased("postfixadmin", "latin1", true, []string{"sqlite", "mysql", "postgres"}, `('bert@example.com', 'bert', 'example.com', '', NO)`,
			`INSERT INTO domain VALUES ('alias.example', NO, YES), ('ALL', NO, YES)`),
		// 2 is a mailbox that receives mail and may not log in.
		aliased("mailcow", "", false, []string{"mysql"}, `('bert@example.com', 'bert', 'example.com', '', 2), ('room@example.com', 'room', 'example.com', 'location', 1)`),
		aliased("iredmail", "", false, []string{"mysql", "postgres"}, `('bert@example.com', 'bert', 'example.com', '', NO)`),
		{
			name: "ispconfig", drivers: []string{"mysql"}, charset: "utf8", host: "mail7.example.net", login: "web12p3",
			schema: fixed(
				`CREATE TABLE server (server_id int PRIMARY KEY, server_name varchar(255) NOT NULL)`,
				`CREATE TABLE mail_domain (domain_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, domain varchar(255) NOT NULL, active enum('n','y') NOT NULL,
					KEY (server_id, domain), KEY (domain, active))`,
				`CREATE TABLE mail_forwarding (forwarding_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, source varchar(255) NOT NULL, destination text,
					type enum('alias','aliasdomain','forward','catchall') NOT NULL, active enum('n','y') NOT NULL, KEY (server_id, source), KEY (type))`,
				`CREATE TABLE mail_user (mailuser_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, email varchar(255) NOT NULL, login varchar(255) NOT NULL,
					access enum('n','y') NOT NULL DEFAULT 'y', postfix enum('n','y') NOT NULL, KEY (server_id, email), KEY (email, access))`,
			),
			fill: fixed(
				`INSERT INTO server VALUES (7, 'mail7.example.net')`,
				`INSERT INTO mail_domain (server_id, domain, active) VALUES (7, 'example.com', 'y'), (7, 'off.example', 'n'), (7, 'bücher.example', 'y')`,
				`INSERT INTO mail_forwarding (server_id, source, destination, type, active) VALUES (7, '@alias.example', '@example.com', 'aliasdomain', 'y'), (7, '@alias-off.example', '@example.com', 'aliasdomain', 'n'), (7, 'info@example.com', 'anna@example.com', 'alias', 'y')`,
				`INSERT INTO mail_user (server_id, email, login, postfix) VALUES (7, 'anna@example.com', 'web12p3', 'y'), (7, 'bert@example.com', 'web12p4', 'n')`,
			),
			many: fixed(
				`INSERT INTO server SELECT i, CONCAT('mail', i, '.hoster.example') FROM digit`,
				`INSERT INTO mail_domain (server_id, domain, active) SELECT i % 10, CONCAT('customer-', i, '.example'), 'y' FROM n`,
				`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10, CONCAT('info@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example'), 'alias', 'y' FROM n`,
				`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10, CONCAT('@alias-', i, '.example'), CONCAT('@customer-', i, '.example'), 'aliasdomain', 'y' FROM n WHERE i % 10 = 0`,
				`INSERT INTO mail_user (server_id, email, login, postfix) SELECT i % 10, CONCAT('anna@customer-', i, '.example'), CONCAT('web', i, 'p1'), 'y' FROM n`,
			),
		},
		{
			name: "froxlor", drivers: []string{"mysql"}, charset: "utf8", login: "anna@example.com",
			schema: fixed(
				`CREATE TABLE panel_domains (id int PRIMARY KEY AUTO_INCREMENT, domain varchar(255) NOT NULL, aliasdomain int NULL, isemaildomain tinyint(1) NOT NULL, deactivated tinyint(1) NOT NULL DEFAULT 0, KEY (domain))`,
				`CREATE TABLE mail_users (id int PRIMARY KEY AUTO_INCREMENT, email varchar(255) NOT NULL, username varchar(255) NOT NULL, postfix enum('Y','N') NOT NULL, UNIQUE KEY (email))`,
			),
			fill: fixed(
				// A web site without mail stands for a relayed domain.
				`INSERT INTO panel_domains (id, domain, aliasdomain, isemaildomain, deactivated) VALUES (1, 'example.com', NULL, 1, 0), (2, 'off.example', NULL, 1, 1), (3, 'relay.example', NULL, 0, 0), (4, 'xn--bcher-kva.example', NULL, 1, 0), (5, 'alias.example', 1, 1, 0), (6, 'alias-off.example', 1, 0, 0)`,
				`INSERT INTO mail_users (email, username, postfix) VALUES ('anna@example.com', 'anna@example.com', 'Y'), ('anna@alias.example', 'anna@example.com', 'Y'), ('bert@example.com', 'bert@example.com', 'N')`,
			),
			many: fixed(
				`INSERT INTO panel_domains (id, domain, isemaildomain) SELECT i + 1, CONCAT('customer-', i, '.example'), 1 FROM n`,
				`INSERT INTO panel_domains (domain, aliasdomain, isemaildomain) SELECT CONCAT('alias-', i, '.example'), i + 1, 1 FROM n WHERE i % 10 = 0`,
				`INSERT INTO mail_users (email, username, postfix) SELECT CONCAT('anna@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example'), 'Y' FROM n`,
			),
		},
		{
			name: "mailu", drivers: []string{"sqlite", "mysql", "postgres"}, noDisabledDomain: true, login: "anna@example.com",
			schema: func(driver string) []string {
				kind, _, _ := flags(driver, true)
				return []string{
					`CREATE TABLE domain (name varchar(80) PRIMARY KEY)`,
					`CREATE TABLE alternative (name varchar(80) PRIMARY KEY, domain_name varchar(80) NOT NULL REFERENCES domain (name))`,
					`CREATE TABLE ` + user(driver) + ` (email varchar(255) PRIMARY KEY, localpart varchar(80) NOT NULL, domain_name varchar(80) NOT NULL REFERENCES domain (name), enabled ` + kind + ` NOT NULL)`,
				}
			},
			fill: func(driver string) []string {
				_, yes, no := flags(driver, true)
				return []string{
					`INSERT INTO domain (name) VALUES ('example.com'), ('xn--bcher-kva.example')`,
					`INSERT INTO alternative VALUES ('alias.example', 'example.com')`,
					`INSERT INTO ` + user(driver) + ` VALUES ('anna@example.com', 'anna', 'example.com', ` + yes + `), ('bert@example.com', 'bert', 'example.com', ` + no + `)`,
				}
			},
			many: func(driver string) []string {
				_, yes, _ := flags(driver, true)
				return []string{
					`INSERT INTO domain SELECT CONCAT('customer-', i, '.example') FROM n`,
					`INSERT INTO alternative SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
					`INSERT INTO ` + user(driver) + ` SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example'), ` + yes + ` FROM n`,
				}
			},
		},
	}
}

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
		if p.charset != "" {
			db.Exec(t, `ALTER DATABASE CHARACTER SET `+p.charset)
		}
	case "postgres":
		db = servers.PostgreSQL(t).NewDatabase(t)
	}
	db.Exec(t, p.schema(driver)...)
	db.Exec(t, statements...)
	return db
}

// TestPanels runs each preset against the databases of its panel.
func TestPanels(t *testing.T) {
	for _, p := range panels() {
		for _, driver := range p.drivers {
			t.Run(p.name+" on "+driver, func(t *testing.T) {
				db := p.database(t, driver, p.fill(driver)...)
				queries, err := preset.SQL(p.name, driver)
				if err != nil {
					t.Fatal(err)
				}
				src, err := sqlsource.New(p.name, source.SQL{Driver: driver, DSN: db.DSN, DomainQuery: queries.Domain, MailboxQuery: queries.Mailbox})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = src.Close() }()
				if err := src.Check(t.Context()); err != nil {
					t.Fatalf("check: %v", err)
				}
				p.askDomains(t, src)
				p.askMailboxes(t, src)
			})
		}
	}
}

func (p panel) askDomains(t *testing.T, src *sqlsource.Source) {
	t.Helper()
	plain, alias, off := source.Record{}, source.Record{Canonical: "example.com"}, source.Record{Disabled: true}
	if p.host != "" {
		for _, r := range []*source.Record{&plain, &alias, &off} {
			for _, proto := range []settings.Protocol{settings.IMAP, settings.POP3, settings.Submission} {
				r.Overrides = append(r.Overrides, source.Override{Protocol: proto, Host: p.host})
			}
		}
	}
	want := map[address.Domain]*source.Record{
		"example.com":           &plain,
		"alias.example":         &alias,
		"xn--bcher-kva.example": &plain,
		"off.example":           &off,
		"unknown.example":       nil,
		"alias-off.example":     nil,
		"relay.example":         nil,
		"all":                   nil,
	}
	if p.noDisabledDomain {
		want["off.example"] = nil
	}
	for d, expected := range want {
		got, err := src.Domain(t.Context(), d)
		switch {
		case expected == nil && !errors.Is(err, source.ErrNotFound):
			t.Errorf("%s: got %+v, %v; want source.ErrNotFound", d, got, err)
		case expected != nil && (err != nil || !reflect.DeepEqual(got, *expected)):
			t.Errorf("%s: got %+v, %v; want %+v", d, got, err, *expected)
		}
	}
}

func (p panel) askMailboxes(t *testing.T, src *sqlsource.Source) {
	t.Helper()
	for text, login := range map[string]string{
		"anna@example.com":   p.login,
		"Anna@example.com":   p.login,
		"anna@alias.example": p.login,
		"bert@example.com":   "", // may not log in
		"carl@example.com":   "",
		"info@example.com":   "", // an alias
		"room@example.com":   "",
		"anna@off.example":   "",
	} {
		a, err := address.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := src.Mailbox(t.Context(), a)
		switch {
		case login == "" && !errors.Is(err, source.ErrNotFound):
			t.Errorf("%s: got %+v, %v; want source.ErrNotFound", text, got, err)
		case login != "" && (err != nil || got.Login != login):
			t.Errorf("%s: got %+v, %v; want the login %s", text, got, err, login)
		}
	}
}

func TestSQL(t *testing.T) {
	var tested []string
	for _, p := range panels() {
		tested = append(tested, p.name)
		for _, driver := range []string{"postgres", "mysql", "sqlite"} {
			if _, err := preset.SQL(p.name, driver); (err == nil) != slices.Contains(p.drivers, driver) {
				t.Errorf("%s on %s: %v", p.name, driver, err)
			}
		}
	}
	names := preset.SQLNames()
	if slices.Sort(tested); !slices.Equal(slices.Sorted(slices.Values(names)), tested) {
		t.Errorf("there are the presets %v, and panels() here has the tables of %v: add what is missing", names, tested)
	}
	for name, want := range map[string]string{
		"mailcow": "mailcow needs the driver mysql, not sqlite",
		"plesk":   `unknown preset "plesk"; known are ` + strings.Join(names, ", "),
	} {
		if _, err := preset.SQL(name, "sqlite"); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
