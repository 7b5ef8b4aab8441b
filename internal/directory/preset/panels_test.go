package preset_test

import (
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// panel is a mail panel's schema as far as its preset reads it: the types,
// collations and indexes of the named version, typed by hand. The columns that no
// query reads are left out, but for those of the indexes.
type panel struct {
	name   string
	title  string
	tested string // the version
	active string // what makes a domain active, for the guide
	logins string // the user name of a mailbox, for the guide

	domainTables  []table // what the domain query reads
	mailboxTables []table // what the mailbox query reads

	schema func(driver string) []string
	fill   func(driver string) []string
	// many fills in customers from n(i); one in ten has an alias domain.
	many func(driver string) []string

	domains map[address.Domain]answer // besides those of every panel
	login   string                    // of anna@example.com
	host    string                    // of the customer's server; "" for the provider's
	without []address.Domain          // domains of every panel that this one cannot have
}

// table is a table and the columns that a query reads.
type table struct {
	name    string
	columns []string
}

// inherited are the tables that PostfixAdmin introduced.
func inherited(domain, mailbox []string) (domainTables, mailboxTables []table) {
	aliases := table{"alias_domain", []string{"alias_domain", "target_domain", "active"}}
	return []table{{"domain", domain}, aliases}, []table{{"mailbox", mailbox}, aliases}
}

// answer is what a preset returns for a domain. Several servers for one domain
// are an error.
type answer struct {
	record source.Record
	noHost bool   // although the panel has hosts
	err    string // "" for none
}

// everyPanel has the domains that the rows of every panel are about.
func everyPanel() map[address.Domain]answer {
	unknown := answer{err: source.ErrNotFound.Error()}
	return map[address.Domain]answer{
		"example.com":            {},
		"xn--bcher-kva.example":  {}, // bücher
		"off.example":            {record: source.Record{Disabled: true}},
		"alias.example":          {record: source.Record{Canonical: "example.com"}},
		"alias-of-off.example":   {record: source.Record{Canonical: "off.example", Disabled: true}},
		"alias-off.example":      unknown,
		"relay.example":          unknown,
		"alias-of-relay.example": unknown,
		"unknown.example":        unknown,
		"all":                    unknown,
		// The rows have bücher, and müller by hand with U-labels: other names,
		// which many collations take for these.
		"bucher.example":        unknown,
		"muller.example":        unknown,
		"xn--mller-kva.example": unknown,
		// Names that latin1 and utf8mb3 cannot hold.
		"xn--r8jz45g.xn--zckzah": unknown, // 例え.テスト
		"xn--i-7iq.example":      unknown,
		"xn--ls8h.example":       unknown, // 4 octets in UTF-8
	}
}

// mailboxes have the login of anna@example.com, or none.
func mailboxes() map[string]bool {
	return map[string]bool{
		"anna@example.com":            true,
		"Anna@example.com":            true,
		"anna@alias.example":          true,
		"bert@example.com":            false, // may not log in
		"bert@alias.example":          false,
		"carl@example.com":            false,
		"info@example.com":            false, // an alias
		"room@example.com":            false,
		"anna@unknown.example":        false,
		"anna@alias-off.example":      false,
		"änna@example.com":            false, // anna in many collations
		"änna@alias.example":          false,
		"ａnna@example.com":            false,
		"日本@example.com":              false, // not in latin1
		"😀@example.com":               false, // not in utf8mb3
		"😀@alias.example":             false,
		"?@example.com":               false,
		"anna@xn--exmple-cua.com":     false, // exämple
		"anna@xn--r8jz45g.xn--zckzah": false,
	}
}

// words replaces what the databases write in different ways.
func words(driver string, replacements []string, statements ...string) []string {
	for i := range statements {
		statements[i] = strings.NewReplacer(replacements...).Replace(statements[i])
	}
	return statements
}

func panels() []panel {
	return []panel{postfixadmin(), mailcow(), iredmail(), ispconfig(), froxlor(), mailu()}
}

// postfixadmin is PostfixAdmin 4.0.5 of July 2026, as its public/upgrade.php makes
// the tables: latin1_general_ci on MySQL, booleans on PostgreSQL. Every alias
// domain has a row in domain as well, and ALL stands for all of them.
func postfixadmin() panel {
	types := func(driver string) []string {
		switch driver {
		case "postgres":
			return []string{"NAME", "character varying(255)", "FLAG", "boolean", "$yes", "true", "$no", "false", "TABLE_OPTIONS", ""}
		case "mysql":
			return []string{"NAME", "varchar(255) COLLATE latin1_general_ci", "FLAG", "tinyint(1)", "$yes", "1", "$no", "0", "TABLE_OPTIONS", "CHARACTER SET latin1 COLLATE latin1_general_ci"}
		}
		return []string{"NAME", "varchar(255)", "FLAG", "tinyint(1)", "$yes", "1", "$no", "0", "TABLE_OPTIONS", ""}
	}
	d, m := inherited([]string{"domain", "backupmx", "active"}, []string{"username", "active"})
	return panel{
		name: "postfixadmin", title: "PostfixAdmin", tested: "4.0.5, July 2026",
		active:       "`active`, and not `backupmx`; of an alias domain both rows, and the target",
		logins:       "`username`",
		domainTables: d, mailboxTables: m,
		login: "anna@example.com",
		schema: func(driver string) []string {
			all := words(driver, types(driver),
				`CREATE TABLE domain (domain NAME NOT NULL, description varchar(255) NOT NULL DEFAULT '', transport varchar(255), backupmx FLAG NOT NULL DEFAULT $no, active FLAG NOT NULL DEFAULT $yes, PRIMARY KEY (domain)) TABLE_OPTIONS`,
				`CREATE TABLE alias_domain (alias_domain NAME NOT NULL, target_domain NAME NOT NULL, active FLAG NOT NULL DEFAULT $yes, PRIMARY KEY (alias_domain)) TABLE_OPTIONS`,
				`CREATE TABLE mailbox (username NAME NOT NULL, password varchar(255) NOT NULL DEFAULT '', local_part NAME NOT NULL, domain NAME NOT NULL, active FLAG NOT NULL DEFAULT $yes, PRIMARY KEY (username)) TABLE_OPTIONS`,
			)
			switch driver {
			case "postgres":
				all = append(all,
					`CREATE INDEX domain_domain_active ON domain (domain, active)`,
					`CREATE INDEX alias_domain_active ON alias_domain (alias_domain, active)`,
					`CREATE INDEX mailbox_username_active ON mailbox (username, active)`,
					`CREATE INDEX mailbox_domain_idx ON mailbox (domain)`)
			case "mysql":
				all = append(all,
					`ALTER TABLE alias_domain ADD INDEX active (active), ADD INDEX target_domain (target_domain)`,
					`ALTER TABLE mailbox ADD INDEX domain (domain)`)
			}
			return all
		},
		fill: func(driver string) []string {
			return words(driver, types(driver),
				`INSERT INTO domain (domain, backupmx, active) VALUES ('example.com', $no, $yes), ('off.example', $no, $no), ('relay.example', $yes, $yes), ('xn--bcher-kva.example', $no, $yes),
					('bücher.example', $no, $yes), ('müller.example', $no, $yes), ('ALL', $no, $yes),
					('alias.example', $no, $yes), ('alias-of-off.example', $no, $yes), ('alias-of-relay.example', $no, $yes), ('closed-alias.example', $no, $no), ('was-alias.example', $no, $yes)`,
				`INSERT INTO alias_domain (alias_domain, target_domain, active) VALUES ('alias.example', 'example.com', $yes), ('alias-off.example', 'example.com', $no), ('alias-of-off.example', 'off.example', $yes),
					('alias-of-relay.example', 'relay.example', $yes), ('closed-alias.example', 'example.com', $yes), ('was-alias.example', 'example.com', $no)`,
				`INSERT INTO mailbox (username, local_part, domain, active) VALUES ('anna@example.com', 'anna', 'example.com', $yes), ('bert@example.com', 'bert', 'example.com', $no), ('änne@example.com', 'änne', 'example.com', $yes)`,
			)
		},
		many: func(driver string) []string {
			return words(driver, types(driver),
				`INSERT INTO domain (domain) SELECT CONCAT('customer-', i, '.example') FROM n`,
				`INSERT INTO domain (domain) SELECT CONCAT('alias-', i, '.example') FROM n WHERE i % 10 = 0`,
				`INSERT INTO alias_domain (alias_domain, target_domain) SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
				`INSERT INTO mailbox (username, local_part, domain) SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example') FROM n`,
			)
		},
		domains: map[address.Domain]answer{
			"closed-alias.example": {record: source.Record{Canonical: "example.com", Disabled: true}}, // its own row is inactive
			"was-alias.example":    {},                                                                // may have mailboxes of its own
		},
	}
}

// mailcow is mailcow: dockerized of August 2026, database 19022026_1220, as
// data/web/inc/init_db.inc.php makes the tables, in utf8mb4_general_ci.
func mailcow() panel {
	const options = ` ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci ROW_FORMAT=DYNAMIC`
	d, m := inherited([]string{"domain", "backupmx", "relay_unknown_only", "active"}, []string{"username", "kind", "active"})
	return panel{
		name: "mailcow", title: "mailcow: dockerized", tested: "August 2026, database 19022026_1220",
		active:       "`active`, and not `backupmx` unless `relay_unknown_only`; of an alias domain its `active`, and the target",
		logins:       "`username`, where `active` is 1 and `kind` is empty",
		domainTables: d, mailboxTables: m,
		login: "anna@example.com",
		schema: fixed(
			`CREATE TABLE domain (domain VARCHAR(255) NOT NULL, backupmx TINYINT(1) NOT NULL DEFAULT 0, relay_all_recipients TINYINT(1) NOT NULL DEFAULT 0,
				relay_unknown_only TINYINT(1) NOT NULL DEFAULT 0, active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (domain))`+options,
			`CREATE TABLE alias_domain (alias_domain VARCHAR(255) NOT NULL, target_domain VARCHAR(255) NOT NULL, active TINYINT(1) NOT NULL DEFAULT 1,
				PRIMARY KEY (alias_domain), KEY active (active), KEY target_domain (target_domain))`+options,
			`CREATE TABLE mailbox (username VARCHAR(255) NOT NULL, name VARCHAR(255), local_part VARCHAR(255) NOT NULL, domain VARCHAR(255) NOT NULL,
				kind VARCHAR(100) NOT NULL DEFAULT '', active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (username), KEY domain (domain), KEY kind (kind))`+options,
		),
		// 2 is a mailbox that receives mail and may not log in.
		fill: fixed(
			`INSERT INTO domain (domain, backupmx, relay_all_recipients, relay_unknown_only, active) VALUES ('example.com', 0, 0, 0, 1), ('off.example', 0, 0, 0, 0), ('relay.example', 1, 1, 0, 1),
				('hybrid.example', 1, 1, 1, 1), ('xn--bcher-kva.example', 0, 0, 0, 1), ('bücher.example', 0, 0, 0, 1), ('müller.example', 0, 0, 0, 1)`,
			`INSERT INTO alias_domain VALUES ('alias.example', 'example.com', 1), ('alias-off.example', 'example.com', 0), ('alias-of-off.example', 'off.example', 1),
				('alias-of-relay.example', 'relay.example', 1), ('alias-of-hybrid.example', 'hybrid.example', 1)`,
			`INSERT INTO mailbox (username, local_part, domain, kind, active) VALUES ('anna@example.com', 'anna', 'example.com', '', 1), ('bert@example.com', 'bert', 'example.com', '', 2),
				('room@example.com', 'room', 'example.com', 'location', 1), ('änne@example.com', 'änne', 'example.com', '', 1)`,
		),
		many: fixed(
			`INSERT INTO domain (domain) SELECT CONCAT('customer-', i, '.example') FROM n`,
			`INSERT INTO alias_domain (alias_domain, target_domain) SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
			`INSERT INTO mailbox (username, local_part, domain) SELECT CONCAT('anna@customer-', i, '.example'), 'anna', CONCAT('customer-', i, '.example') FROM n`,
		),
		domains: map[address.Domain]answer{
			"hybrid.example":          {}, // only unknown recipients are relayed
			"alias-of-hybrid.example": {record: source.Record{Canonical: "hybrid.example"}},
		},
	}
}

// iredmail is iRedMail 1.8.1 of May 2026, as samples/iredmail makes the tables:
// utf8mb4_general_ci on MariaDB, numbers on PostgreSQL too. The mailbox has no
// column with its local part.
func iredmail() panel {
	types := func(driver string) []string {
		if driver == "postgres" {
			return []string{"TINYINT(1)", "INT2", "TABLE_OPTIONS", ""}
		}
		return []string{"TABLE_OPTIONS", "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"}
	}
	d, m := inherited([]string{"domain", "backupmx", "active"}, []string{"username", "active"})
	return panel{
		name: "iredmail", title: "iRedMail", tested: "1.8.1, May 2026",
		active:       "`active`, and not `backupmx`; of an alias domain its `active`, and the target",
		logins:       "`username`",
		domainTables: d, mailboxTables: m,
		login: "anna@example.com",
		schema: func(driver string) []string {
			return words(driver, types(driver),
				`CREATE TABLE domain (domain VARCHAR(255) NOT NULL DEFAULT '', transport VARCHAR(255) NOT NULL DEFAULT 'dovecot', backupmx TINYINT(1) NOT NULL DEFAULT 0, active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (domain)) TABLE_OPTIONS`,
				`CREATE INDEX idx_domain_backupmx ON domain (backupmx)`,
				`CREATE INDEX idx_domain_active ON domain (active)`,
				`CREATE TABLE alias_domain (alias_domain VARCHAR(255) NOT NULL, target_domain VARCHAR(255) NOT NULL, active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (alias_domain)) TABLE_OPTIONS`,
				`CREATE INDEX idx_alias_domain_target_domain ON alias_domain (target_domain)`,
				`CREATE INDEX idx_alias_domain_active ON alias_domain (active)`,
				`CREATE TABLE mailbox (username VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL DEFAULT '', domain VARCHAR(255) NOT NULL DEFAULT '', active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (username)) TABLE_OPTIONS`,
				`CREATE INDEX idx_mailbox_domain ON mailbox (domain)`,
				`CREATE INDEX idx_mailbox_active ON mailbox (active)`,
			)
		},
		fill: fixed(
			`INSERT INTO domain (domain, backupmx, active) VALUES ('example.com', 0, 1), ('off.example', 0, 0), ('relay.example', 1, 1), ('xn--bcher-kva.example', 0, 1), ('bücher.example', 0, 1), ('müller.example', 0, 1)`,
			`INSERT INTO alias_domain (alias_domain, target_domain, active) VALUES ('alias.example', 'example.com', 1), ('alias-off.example', 'example.com', 0), ('alias-of-off.example', 'off.example', 1), ('alias-of-relay.example', 'relay.example', 1)`,
			`INSERT INTO mailbox (username, domain, active) VALUES ('anna@example.com', 'example.com', 1), ('bert@example.com', 'example.com', 0), ('änne@example.com', 'example.com', 1)`,
		),
		many: fixed(
			`INSERT INTO domain (domain) SELECT CONCAT('customer-', i, '.example') FROM n`,
			`INSERT INTO alias_domain (alias_domain, target_domain) SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
			`INSERT INTO mailbox (username, domain) SELECT CONCAT('anna@customer-', i, '.example'), CONCAT('customer-', i, '.example') FROM n`,
		),
	}
}

// ispconfig is ISPConfig 3.3.1 of August 2026, as install/sql/ispconfig3.sql makes
// the tables, in utf8 (utf8mb3_general_ci). 3.2 of September 2023 has no local_delivery. A domain is listed once per server by
// its form alone: the database would hold it twice. An alias domain has a row in
// mail_domain as well.
func ispconfig() panel {
	const options = ` DEFAULT CHARSET=utf8`
	return panel{
		name: "ispconfig", title: "ISPConfig", tested: "3.3.1, August 2026; 3.2, September 2023",
		active: "`active`, and `local_delivery` where there is one; of an alias domain that of `mail_forwarding`, and the target",
		logins: "`login`, which may differ from the address",
		domainTables: []table{
			{"server", []string{"server_id", "server_name"}},
			{"mail_domain", []string{"domain_id", "server_id", "domain", "active", "local_delivery"}},
			{"mail_forwarding", []string{"server_id", "source", "destination", "type", "active"}},
		},
		mailboxTables: []table{
			{"server", []string{"server_id"}},
			{"mail_forwarding", []string{"server_id", "source", "destination", "type", "active"}},
			{"mail_user", []string{"email", "login", "postfix"}},
		},
		host: "mail7.example.net", login: "web12p3",
		schema: fixed(
			`CREATE TABLE server (server_id int(11) unsigned NOT NULL AUTO_INCREMENT, server_name varchar(255) NOT NULL DEFAULT '', mail_server tinyint(1) NOT NULL DEFAULT 0, active tinyint(1) NOT NULL DEFAULT 1, PRIMARY KEY (server_id))`+options,
			`CREATE TABLE mail_domain (domain_id int(11) unsigned NOT NULL AUTO_INCREMENT, server_id int(11) unsigned NOT NULL DEFAULT 0, domain varchar(255) NOT NULL DEFAULT '', active enum('n','y') NOT NULL DEFAULT 'n', local_delivery enum('n','y') NOT NULL DEFAULT 'y',
				PRIMARY KEY (domain_id), KEY server_id (server_id, domain), KEY domain_active (domain, active))`+options,
			`CREATE TABLE mail_forwarding (forwarding_id int(11) unsigned NOT NULL AUTO_INCREMENT, server_id int(11) unsigned NOT NULL DEFAULT 0, source varchar(255) NOT NULL DEFAULT '', destination text,
				type enum('alias','aliasdomain','forward','catchall') NOT NULL DEFAULT 'alias', active enum('n','y') NOT NULL DEFAULT 'n', PRIMARY KEY (forwarding_id), KEY server_id (server_id, source), KEY type (type))`+options,
			`CREATE TABLE mail_user (mailuser_id int(11) unsigned NOT NULL AUTO_INCREMENT, server_id int(11) unsigned NOT NULL DEFAULT 0, email varchar(255) NOT NULL DEFAULT '', login varchar(255) NOT NULL DEFAULT '',
				postfix enum('n','y') NOT NULL DEFAULT 'y', access enum('n','y') NOT NULL DEFAULT 'y', PRIMARY KEY (mailuser_id), KEY server_id (server_id, email), KEY email_access (email, access))`+options,
		),
		fill: fixed(
			`INSERT INTO server (server_id, server_name, mail_server) VALUES (7, 'mail7.example.net', 1), (8, 'mail8.example.net', 1), (9, 'web9.example.net', 0)`,
			`INSERT INTO mail_domain (server_id, domain, active) VALUES (7, 'example.com', 'y'), (7, 'off.example', 'n'), (7, 'xn--bcher-kva.example', 'y'), (7, 'bücher.example', 'y'), (8, 'müller.example', 'y'),
				(7, 'alias.example', 'y'), (7, 'alias-of-off.example', 'y'), (8, 'moved-alias.example', 'y'), (7, 'null.example', 'y'), (7, 'twice.example', 'y'), (7, 'twice.example', 'y'), (7, 'moving.example', 'y'), (8, 'moving.example', 'y'), (77, 'lost.example', 'y')`,
			`INSERT INTO mail_domain (server_id, domain, active, local_delivery) VALUES (7, 'relay.example', 'y', 'n'), (7, 'alias-of-relay.example', 'y', 'n')`,
			`INSERT INTO mail_forwarding (server_id, source, destination, type, active) VALUES (7, '@alias.example', '@example.com', 'aliasdomain', 'y'), (7, '@alias-off.example', '@example.com', 'aliasdomain', 'n'), (7, '@alias-of-off.example', '@off.example', 'aliasdomain', 'y'),
				(7, '@moved-alias.example', '@example.com', 'aliasdomain', 'y'), (7, '@alias-of-relay.example', '@relay.example', 'aliasdomain', 'y'), (7, '@null.example', NULL, 'catchall', 'y'), (7, 'info@example.com', 'anna@example.com', 'alias', 'y')`,
			`INSERT INTO mail_user (server_id, email, login, postfix) VALUES (7, 'anna@example.com', 'web12p3', 'y'), (7, 'bert@example.com', 'web12p4', 'n'), (8, 'änne@example.com', 'web13p1', 'y')`,
		),
		many: fixed(
			`INSERT INTO server (server_id, server_name) SELECT i + 1, CONCAT('mail', i, '.hoster.example') FROM digit`,
			`INSERT INTO mail_domain (server_id, domain, active) SELECT i % 10 + 1, CONCAT('customer-', i, '.example'), 'y' FROM n`,
			`INSERT INTO mail_domain (server_id, domain, active) SELECT i % 10 + 1, CONCAT('alias-', i, '.example'), 'y' FROM n WHERE i % 10 IN (0, 5)`,
			`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10 + 1, CONCAT('info@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example'), 'alias', 'y' FROM n WHERE i % 4 = 0`,
			`INSERT INTO mail_forwarding (server_id, source, destination, type, active) SELECT i % 10 + 1, CONCAT('@alias-', i, '.example'), CONCAT('@customer-', i, '.example'), 'aliasdomain', 'y' FROM n WHERE i % 10 IN (0, 5)`,
			`INSERT INTO mail_user (server_id, email, login) SELECT i % 10 + 1, CONCAT('anna@customer-', i, '.example'), CONCAT('web', i, 'p1') FROM n`,
		),
		domains: map[address.Domain]answer{
			"moved-alias.example": {record: source.Record{Canonical: "example.com"}}, // its own row is on another server
			"null.example":        {},
			"twice.example":       {},
			"lost.example":        {noHost: true}, // on a server that is gone
			"moving.example":      {err: "ispconfig: queries.domain: returned rows that differ in the column mail_host; make the condition stricter"},
		},
	}
}

// froxlor is Froxlor 2.3.10 of June 2026, as install/froxlor.sql.php makes the
// tables, in utf8_general_ci. domain has A-labels, domain_ace U-labels. An alias
// domain is one for the web: its mailboxes are its own.
func froxlor() panel {
	const options = ` ENGINE=InnoDB CHARSET=utf8 COLLATE=utf8_general_ci`
	return panel{
		name: "froxlor", title: "Froxlor", tested: "2.3.10, June 2026",
		active:        "`isemaildomain`, and not `deactivated`",
		logins:        "`username`, where `postfix` is Y",
		domainTables:  []table{{"panel_domains", []string{"domain", "isemaildomain", "deactivated"}}},
		mailboxTables: []table{{"mail_users", []string{"email", "username", "postfix"}}},
		login:         "anna@example.com",
		without:       []address.Domain{"alias.example", "alias-of-off.example", "alias-of-relay.example"},
		schema: fixed(
			`CREATE TABLE panel_domains (id int(11) unsigned NOT NULL AUTO_INCREMENT, domain varchar(255) NOT NULL, domain_ace varchar(255) NOT NULL DEFAULT '', customerid int(11) unsigned NOT NULL DEFAULT 0, aliasdomain int(11) unsigned NULL,
				isemaildomain tinyint(1) NOT NULL DEFAULT 0, parentdomainid int(11) NOT NULL DEFAULT 0, deactivated tinyint(1) NOT NULL DEFAULT 0, PRIMARY KEY (id), KEY customerid (customerid), KEY parentdomain (parentdomainid), KEY domain (domain))`+options+` ROW_FORMAT=DYNAMIC`,
			`CREATE TABLE mail_users (id int(11) NOT NULL AUTO_INCREMENT, email varchar(255) NOT NULL DEFAULT '', username varchar(255) NOT NULL DEFAULT '', postfix enum('Y','N') NOT NULL DEFAULT 'Y', PRIMARY KEY (id), UNIQUE KEY email (email))`+options,
		),
		fill: fixed(
			// A web site without mail stands for a relayed domain.
			`INSERT INTO panel_domains (id, domain, domain_ace, aliasdomain, isemaildomain, deactivated) VALUES (1, 'example.com', 'example.com', NULL, 1, 0), (2, 'off.example', '', NULL, 1, 1), (3, 'relay.example', '', NULL, 0, 0),
				(4, 'xn--bcher-kva.example', 'bücher.example', NULL, 1, 0), (5, 'web-alias.example', '', 1, 1, 0), (6, 'alias-off.example', '', 1, 0, 0), (7, 'bücher.example', '', NULL, 1, 0), (8, 'müller.example', '', NULL, 1, 0),
				(9, 'twice.example', '', NULL, 1, 0), (10, 'twice.example', '', NULL, 1, 0)`,
			`INSERT INTO mail_users (email, username, postfix) VALUES ('anna@example.com', 'anna@example.com', 'Y'), ('anna@alias.example', 'anna@example.com', 'Y'), ('bert@example.com', 'bert@example.com', 'N'), ('änne@example.com', 'other', 'Y')`,
		),
		many: fixed(
			`INSERT INTO panel_domains (id, domain, isemaildomain) SELECT i + 1, CONCAT('customer-', i, '.example'), 1 FROM n`,
			`INSERT INTO panel_domains (domain, aliasdomain, isemaildomain) SELECT CONCAT('alias-', i, '.example'), i + 1, 1 FROM n WHERE i % 10 = 0`,
			`INSERT INTO mail_users (email, username) SELECT CONCAT('anna@customer-', i, '.example'), CONCAT('anna@customer-', i, '.example') FROM n`,
		),
		domains: map[address.Domain]answer{"web-alias.example": {}, "twice.example": {}},
	}
}

// mailu is Mailu 2024.06 and its main branch of July 2026, as the models and
// migrations of core/admin make the tables. They have no index but for the keys.
func mailu() panel {
	types := func(driver string) []string {
		switch driver {
		case "postgres":
			return []string{"USER", `"user"`, "FLAG", "BOOLEAN", "$yes", "true", "$no", "false"}
		case "mysql":
			return []string{"USER", "`user`", "FLAG", "TINYINT(1)", "$yes", "1", "$no", "0"}
		}
		return []string{"USER", `"user"`, "FLAG", "BOOLEAN", "$yes", "1", "$no", "0"}
	}
	return panel{
		name: "mailu", title: "Mailu", tested: "main branch, July 2026",
		active:        "every domain and alternative",
		logins:        "`email`, where `enabled`",
		domainTables:  []table{{"domain", []string{"name"}}, {"alternative", []string{"name", "domain_name"}}},
		mailboxTables: []table{{"user", []string{"email", "enabled"}}, {"alternative", []string{"name", "domain_name"}}},
		login:         "anna@example.com",
		without:       []address.Domain{"off.example", "alias-of-off.example", "alias-of-relay.example"},
		schema: func(driver string) []string {
			return words(driver, types(driver),
				`CREATE TABLE domain (name VARCHAR(80) NOT NULL, PRIMARY KEY (name))`,
				`CREATE TABLE alternative (name VARCHAR(80) NOT NULL, domain_name VARCHAR(80), PRIMARY KEY (name), FOREIGN KEY (domain_name) REFERENCES domain (name))`,
				`CREATE TABLE relay (name VARCHAR(80) NOT NULL, smtp VARCHAR(80), PRIMARY KEY (name))`,
				`CREATE TABLE USER (localpart VARCHAR(80) NOT NULL, domain_name VARCHAR(80) NOT NULL, email VARCHAR(255) NOT NULL, enabled FLAG NOT NULL DEFAULT $yes, PRIMARY KEY (email), FOREIGN KEY (domain_name) REFERENCES domain (name))`,
			)
		},
		fill: func(driver string) []string {
			return words(driver, types(driver),
				`INSERT INTO domain (name) VALUES ('example.com'), ('xn--bcher-kva.example'), ('bücher.example'), ('müller.example')`,
				`INSERT INTO alternative (name, domain_name) VALUES ('alias.example', 'example.com'), ('null.example', NULL)`,
				`INSERT INTO relay VALUES ('relay.example', NULL)`,
				`INSERT INTO USER (localpart, domain_name, email, enabled) VALUES ('anna', 'example.com', 'anna@example.com', $yes), ('bert', 'example.com', 'bert@example.com', $no), ('änne', 'example.com', 'änne@example.com', $yes)`,
			)
		},
		many: func(driver string) []string {
			return words(driver, types(driver),
				`INSERT INTO domain (name) SELECT CONCAT('customer-', i, '.example') FROM n`,
				`INSERT INTO alternative (name, domain_name) SELECT CONCAT('alias-', i, '.example'), CONCAT('customer-', i, '.example') FROM n WHERE i % 10 = 0`,
				`INSERT INTO USER (localpart, domain_name, email) SELECT 'anna', CONCAT('customer-', i, '.example'), CONCAT('anna@customer-', i, '.example') FROM n`,
			)
		},
		domains: map[address.Domain]answer{"null.example": {}}, // which Mailu answers for, too
	}
}

func fixed(statements ...string) func(string) []string {
	return func(string) []string { return slices.Clone(statements) }
}
