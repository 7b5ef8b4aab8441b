package preset_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
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

// panel is a panel's schema on one database, as far as mail is concerned, with
// the same customers in each: a domain, one that is switched off, one that is
// relayed only, an alias domain and an international one.
type panel struct {
	name    string
	drivers []string
	schema  func(driver string) []string
	fill    func(driver string) []string

	// What the panel has no word for is not asked.
	noDisabledDomain, noBackup bool
	international              address.Domain // a domain that is stored with U-labels
	host                       string         // of the customer's server; "" for the provider's
	login                      string         // of anna@example.com
}

// tables are the schemas that PostfixAdmin had first. flag is the type of its
// switches.
func tables(flag string, more ...string) []string {
	return append([]string{
		`CREATE TABLE domain (domain varchar(255) PRIMARY KEY, description varchar(255) NOT NULL DEFAULT '', backupmx ` + flag + ` NOT NULL, active ` + flag + ` NOT NULL)`,
		`CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active ` + flag + ` NOT NULL)`,
	}, more...)
}

func customers(yes, no string) []string {
	v := func(values string) string {
		return strings.NewReplacer("yes", yes, "no", no).Replace(values)
	}
	return []string{
		"INSERT INTO domain (domain, backupmx, active) VALUES " + v("('example.com', no, yes), ('off.example', no, no), ('relay.example', yes, yes), ('bücher.example', no, yes)"),
		"INSERT INTO alias_domain VALUES " + v("('alias.example', 'example.com', yes), ('alias-off.example', 'example.com', no)"),
	}
}

func flagOf(driver string) (kind, yes, no string) {
	if driver == "postgres" {
		return "boolean", "true", "false"
	}
	return "smallint", "1", "0"
}

func panels() []panel {
	numbers := func(more ...string) func(string) []string {
		return func(string) []string { return append(customers("1", "0"), more...) }
	}
	return []panel{
		{
			name: "postfixadmin", drivers: []string{"sqlite", "mysql", "postgres"}, international: "bücher.example", login: "anna@example.com",
			schema: func(driver string) []string {
				kind, _, _ := flagOf(driver)
				return tables(kind, `CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, password varchar(255) NOT NULL DEFAULT '', name varchar(255) NOT NULL DEFAULT '', local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL, active `+kind+` NOT NULL)`)
			},
			fill: func(driver string) []string {
				_, yes, no := flagOf(driver)
				return append(customers(yes, no),
					// The panel wants every alias domain among the domains too,
					// and has one row that stands for all of them.
					`INSERT INTO domain (domain, backupmx, active) VALUES ('alias.example', `+no+`, `+yes+`), ('ALL', `+no+`, `+yes+`)`,
					`INSERT INTO mailbox (username, local_part, domain, active) VALUES ('anna@example.com', 'anna', 'example.com', `+yes+`), ('bert@example.com', 'bert', 'example.com', `+no+`)`)
			},
		},
		{
			name: "mailcow", drivers: []string{"mysql"}, international: "bücher.example", login: "anna@example.com",
			schema: func(string) []string {
				return tables("tinyint(1)", `CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, name varchar(255), local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL, kind varchar(100) NOT NULL DEFAULT '', active tinyint(1) NOT NULL)`)
			},
			// 2 is a mailbox that takes mail and may not log in.
			fill: numbers(`INSERT INTO mailbox (username, local_part, domain, kind, active) VALUES ('anna@example.com', 'anna', 'example.com', '', 1), ('bert@example.com', 'bert', 'example.com', '', 2), ('room@example.com', 'room', 'example.com', 'location', 1)`),
		},
		{
			name: "iredmail", drivers: []string{"mysql", "postgres"}, international: "bücher.example", login: "anna@example.com",
			schema: func(string) []string {
				return tables("smallint", `CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL, enableimap smallint NOT NULL DEFAULT 1, active smallint NOT NULL)`)
			},
			fill: numbers(`INSERT INTO mailbox (username, local_part, domain, active) VALUES ('anna@example.com', 'anna', 'example.com', 1), ('bert@example.com', 'bert', 'example.com', 0)`),
		},
		{
			name: "ispconfig", drivers: []string{"mysql"}, international: "bücher.example", noBackup: true, host: "mail7.example.net", login: "web12p3",
			schema: func(string) []string {
				return []string{
					`CREATE TABLE server (server_id int PRIMARY KEY, server_name varchar(255) NOT NULL, mail_server tinyint(1) NOT NULL)`,
					`CREATE TABLE mail_domain (domain_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, domain varchar(255) NOT NULL, active enum('n','y') NOT NULL)`,
					`CREATE TABLE mail_forwarding (forwarding_id int PRIMARY KEY AUTO_INCREMENT, source varchar(255) NOT NULL, destination text, type enum('alias','aliasdomain','forward','catchall') NOT NULL, active enum('n','y') NOT NULL)`,
					`CREATE TABLE mail_user (mailuser_id int PRIMARY KEY AUTO_INCREMENT, server_id int NOT NULL, email varchar(255) NOT NULL, login varchar(255) NOT NULL, name varchar(255) NOT NULL DEFAULT '', postfix enum('n','y') NOT NULL, disableimap enum('n','y') NOT NULL DEFAULT 'n')`,
				}
			},
			fill: func(string) []string {
				return []string{
					`INSERT INTO server VALUES (7, 'mail7.example.net', 1)`,
					`INSERT INTO mail_domain (server_id, domain, active) VALUES (7, 'example.com', 'y'), (7, 'off.example', 'n'), (7, 'bücher.example', 'y')`,
					`INSERT INTO mail_forwarding (source, destination, type, active) VALUES ('@alias.example', '@example.com', 'aliasdomain', 'y'), ('@alias-off.example', '@example.com', 'aliasdomain', 'n'), ('info@example.com', 'anna@example.com', 'alias', 'y')`,
					`INSERT INTO mail_user (server_id, email, login, postfix) VALUES (7, 'anna@example.com', 'web12p3', 'y'), (7, 'bert@example.com', 'web12p4', 'n')`,
				}
			},
		},
		{
			name: "froxlor", drivers: []string{"mysql"}, international: "xn--bcher-kva.example", login: "anna@example.com",
			schema: func(string) []string {
				return []string{
					`CREATE TABLE panel_domains (id int PRIMARY KEY AUTO_INCREMENT, domain varchar(255) NOT NULL, domain_ace varchar(255) NOT NULL DEFAULT '', aliasdomain int NULL, isemaildomain tinyint(1) NOT NULL, deactivated tinyint(1) NOT NULL DEFAULT 0)`,
					`CREATE TABLE mail_users (id int PRIMARY KEY AUTO_INCREMENT, email varchar(255) NOT NULL, username varchar(255) NOT NULL, domainid int NOT NULL, imap tinyint(1) NOT NULL DEFAULT 1, postfix enum('Y','N') NOT NULL)`,
				}
			},
			fill: func(string) []string {
				return []string{
					// A web site without mail stands for a domain that is relayed only.
					`INSERT INTO panel_domains (id, domain, aliasdomain, isemaildomain, deactivated) VALUES (1, 'example.com', NULL, 1, 0), (2, 'off.example', NULL, 1, 1), (3, 'relay.example', NULL, 0, 0), (4, 'xn--bcher-kva.example', NULL, 1, 0), (5, 'alias.example', 1, 1, 0), (6, 'alias-off.example', 1, 0, 0)`,
					`INSERT INTO mail_users (email, username, domainid, postfix) VALUES ('anna@example.com', 'anna@example.com', 1, 'Y'), ('anna@alias.example', 'anna@example.com', 5, 'Y'), ('bert@example.com', 'bert@example.com', 1, 'N')`,
				}
			},
		},
		{
			name: "mailu", drivers: []string{"sqlite", "mysql", "postgres"}, international: "xn--bcher-kva.example", noDisabledDomain: true, noBackup: true, login: "anna@example.com",
			schema: func(driver string) []string {
				kind, _, _ := flagOf(driver)
				user := map[bool]string{true: "`user`", false: `"user"`}[driver == "mysql"]
				return []string{
					`CREATE TABLE domain (name varchar(80) PRIMARY KEY, max_users int NOT NULL DEFAULT -1)`,
					`CREATE TABLE alternative (name varchar(80) PRIMARY KEY, domain_name varchar(80) NOT NULL)`,
					`CREATE TABLE ` + user + ` (email varchar(255) PRIMARY KEY, localpart varchar(80) NOT NULL, domain_name varchar(80) NOT NULL, displayed_name varchar(160) NOT NULL DEFAULT '', enabled ` + kind + ` NOT NULL)`,
				}
			},
			fill: func(driver string) []string {
				_, yes, no := flagOf(driver)
				user := map[bool]string{true: "`user`", false: `"user"`}[driver == "mysql"]
				return []string{
					`INSERT INTO domain (name) VALUES ('example.com'), ('xn--bcher-kva.example')`,
					`INSERT INTO alternative VALUES ('alias.example', 'example.com')`,
					`INSERT INTO ` + user + ` (email, localpart, domain_name, enabled) VALUES ('anna@example.com', 'anna', 'example.com', ` + yes + `), ('bert@example.com', 'bert', 'example.com', ` + no + `)`,
				}
			},
		},
	}
}

// database makes an empty database of a kind, on a real server where there is
// one to start.
func database(t *testing.T, driver string, statements []string) (dsn string) {
	t.Helper()
	if driver == "sqlite" {
		dsn = filepath.Join(t.TempDir(), "panel.db")
		db, err := sql.Open("sqlite", dsn)
		if err != nil {
			t.Fatal(err)
		}
		databases.Database{DB: db}.Exec(t, statements...)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return dsn
	}
	server := servers.MariaDB
	if driver == "postgres" {
		server = servers.PostgreSQL
	}
	db := server(t).NewDatabase(t)
	db.Exec(t, statements...)
	return db.DSN
}

// TestPanels asks each panel's database as a running Waymark does.
func TestPanels(t *testing.T) {
	for _, p := range panels() {
		for _, driver := range p.drivers {
			t.Run(p.name+" on "+driver, func(t *testing.T) {
				dsn := database(t, driver, append(p.schema(driver), p.fill(driver)...))
				queries, err := preset.SQL(p.name, driver)
				if err != nil {
					t.Fatal(err)
				}
				src, err := sqlsource.New(p.name, source.SQL{Driver: driver, DSN: dsn, DomainQuery: queries.Domain, MailboxQuery: queries.Mailbox})
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
			t.Errorf("%s: got %+v, %v; want that it is not found", d, got, err)
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
			t.Errorf("%s: got %+v, %v; want that it is not found", text, got, err)
		case login != "" && (err != nil || got.Login != login):
			t.Errorf("%s: got %+v, %v; want the login %s", text, got, err, login)
		}
	}
}

func TestGet(t *testing.T) {
	for _, p := range panels() {
		for _, driver := range []string{"postgres", "mysql", "sqlite"} {
			_, err := preset.SQL(p.name, driver)
			tested := false
			for _, d := range p.drivers {
				tested = tested || d == driver
			}
			if (err == nil) != tested {
				t.Errorf("%s on %s: %v", p.name, driver, err)
			}
		}
	}
	if len(panels()) != len(preset.SQLNames()) {
		t.Errorf("%d panels are tested, of %v", len(panels()), preset.SQLNames())
	}
	for name, want := range map[string]string{
		"mailcow": "mailcow needs the driver mysql, not sqlite",
		"plesk":   `unknown preset "plesk"; known are ` + strings.Join(preset.SQLNames(), ", "),
	} {
		if _, err := preset.SQL(name, "sqlite"); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
