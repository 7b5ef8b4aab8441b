package preset

import (
	"fmt"
	"slices"
	"strings"
)

// Queries look up a domain and a mailbox and list the domains, with the placeholders
// and columns of source.SQL.
type Queries struct {
	Domain  string
	Mailbox string
	List    string
}

// panel is a mail panel and the databases that it runs on. Every panel stores
// A-labels, so its queries use {domain} alone. Their rows name the domain or the
// address that they are about, because the collations of the panels equate
// letters.
type panel struct {
	name    string
	drivers []string
	queries func(dialect) Queries
}

func panels() []panel {
	return []panel{
		{"postfixadmin", []string{"postgres", "mysql", "sqlite"}, postfixadmin},
		{"mailcow", []string{"mysql"}, mailcow},
		{"iredmail", []string{"postgres", "mysql"}, iredmail},
		{"ispconfig", []string{"mysql"}, ispconfig},
		{"froxlor", []string{"mysql"}, froxlor},
		{"mailu", []string{"postgres", "mysql", "sqlite"}, mailu},
	}
}

// SQLNames lists the presets that have SQL queries.
func SQLNames() []string {
	var names []string
	for _, p := range panels() {
		names = append(names, p.name)
	}
	return names
}

// SQL returns the queries of a preset for a driver: postgres, mysql or sqlite.
func SQL(name, driver string) (Queries, error) {
	for _, p := range panels() {
		if p.name != name {
			continue
		}
		if !slices.Contains(p.drivers, driver) {
			return Queries{}, fmt.Errorf("%s needs the driver %s, not %s", name, strings.Join(p.drivers, " or "), driver)
		}
		return p.queries(dialect(driver)), nil
	}
	return Queries{}, fmt.Errorf("unknown preset %q; known: %s", name, strings.Join(SQLNames(), ", "))
}

// dialect is the SQL of a driver.
type dialect string

// join returns an expression that joins texts.
func (d dialect) join(texts ...string) string {
	if d == "mysql" {
		return "CONCAT(" + strings.Join(texts, ", ") + ")"
	}
	return strings.Join(texts, " || ")
}

// local is the local part as the panels store it. MySQL fails where a value does
// not fit the character set of a column. Panels allow ASCII only, so other
// characters become question marks, and a row that equals those is about another
// address.
func (d dialect) local() string {
	switch d {
	case "mysql":
		return "LOWER(REGEXP_REPLACE({local}, '[^ -~]', '?'))" // CONVERT would fix the collation
	case "postgres":
		return "LOWER(CAST({local} AS TEXT))"
	}
	return "LOWER({local})"
}

func (d dialect) domain() string {
	if d == "postgres" { // an expression does not give the parameter a type
		return "CAST({domain} AS TEXT)"
	}
	return "{domain}"
}

// address is the address that is asked for. Panels have an index on addresses.
func (d dialect) address() string { return d.join(d.local(), "'@'", d.domain()) }

// flags are the conditions on a flag, which is a boolean or a number. mailcow has
// the number 2 for a mailbox that may not log in.
type flags struct{ yes, no func(column string) string }

func booleans() flags {
	return flags{func(c string) string { return c }, func(c string) string { return "NOT " + c }}
}

func numbers() flags {
	return flags{func(c string) string { return c + " = 1" }, func(c string) string { return c + " = 0" }}
}

// inherited are the queries for the tables that PostfixAdmin introduced.
type inherited struct {
	flags
	mail     string // a condition on the domain d: mail is delivered to its mailboxes
	ofTarget string // the same for d of the target of an alias domain
	own      bool   // an alias domain has a row in domain, which disables it too
	person   string // another condition on the mailbox m
}

func (i inherited) queries(d dialect) Queries {
	own, enabled := "", "d.active"
	if i.own {
		own, enabled = " JOIN domain o ON o.domain = a.alias_domain", "o.active AND d.active"
	}
	aliases := `FROM alias_domain a JOIN domain d ON d.domain = a.target_domain` + own + `
WHERE ` + i.yes("a.active") + i.ofTarget
	domains := `FROM domain d
WHERE NOT EXISTS (SELECT 1 FROM alias_domain x WHERE x.alias_domain = d.domain AND ` + i.yes("x.active") + `)` + i.mail
	return Queries{
		Domain: `SELECT a.alias_domain AS domain, a.target_domain AS canonical_domain, ` + enabled + ` AS enabled
` + aliases + ` AND a.alias_domain = {domain}
UNION ALL
SELECT d.domain, NULL, d.active ` + domains + ` AND d.domain = {domain}`,
		List: `SELECT a.alias_domain AS domain ` + aliases + `
UNION ALL
SELECT d.domain ` + domains,
		Mailbox: `SELECT m.username AS address, m.username AS login FROM mailbox m
WHERE m.username = ` + d.address() + ` AND ` + i.yes("m.active") + i.person + `
UNION ALL
SELECT REPLACE(m.username, ` + d.join("'@'", "a.target_domain") + `, ` + d.join("'@'", "a.alias_domain") + `), m.username
FROM alias_domain a JOIN mailbox m ON m.username = ` + d.join(d.local(), "'@'", "a.target_domain") + `
WHERE a.alias_domain = {domain} AND ` + i.yes("a.active") + ` AND ` + i.yes("m.active") + i.person,
	}
}

// postfixadmin lists alias domains as domains too, and has one row, ALL, that
// stands for all domains. PostgreSQL has booleans where the others have numbers.
func postfixadmin(d dialect) Queries {
	f := numbers()
	if d == "postgres" {
		f = booleans()
	}
	mail := " AND " + f.no("d.backupmx")
	return inherited{flags: f, mail: mail + " AND d.domain <> 'ALL'", ofTarget: mail, own: true}.queries(d)
}

// mailcow delivers to the mailboxes of a relayed domain if it relays only unknown
// recipients. Rooms and other resources with a calendar are mailboxes of another
// kind.
func mailcow(d dialect) Queries {
	const mail = " AND (d.backupmx = 0 OR d.relay_unknown_only = 1)"
	return inherited{flags: numbers(), mail: mail, ofTarget: mail, person: " AND m.kind = ''"}.queries(d)
}

// iredmail has numbers on PostgreSQL too.
func iredmail(d dialect) Queries {
	const mail = " AND d.backupmx = 0"
	return inherited{flags: numbers(), mail: mail, ofTarget: mail}.queries(d)
}

// ispconfig has domains on several servers. The index of mail_forwarding begins
// with the server, so it is read once per server; STRAIGHT_JOIN keeps MySQL from
// reading all alias domains instead. An alias domain is on the server of its
// target. The login of a mailbox need not be its address.
//
// A domain without local delivery has its mailboxes elsewhere. Older versions lack the
// column: there, the name means that of the table older, where all have it.
func ispconfig(d dialect) Queries {
	const alias = "JOIN mail_forwarding f ON f.server_id = s.server_id AND f.source = CONCAT('@', {domain}) AND f.type = 'aliasdomain' AND f.active = 'y'"
	const older = " JOIN (SELECT 'y' AS local_delivery) older"
	delivered := func(id string) string {
		return "(SELECT local_delivery FROM mail_domain l WHERE l.domain_id = " + id + ") = 'y'"
	}
	return Queries{
		Domain: `SELECT STRAIGHT_JOIN SUBSTRING(f.source, 2) AS domain, t.domain AS canonical_domain, t.active AS enabled, s.server_name AS mail_host
FROM server s ` + alias + `
JOIN mail_domain t ON t.server_id = f.server_id AND t.domain = SUBSTRING(f.destination, 2)` + older + `
WHERE ` + delivered("t.domain_id") + `
UNION ALL
SELECT d.domain, NULL, d.active, s.server_name FROM mail_domain d LEFT JOIN server s ON s.server_id = d.server_id` + older + `
WHERE d.domain = {domain} AND ` + delivered("d.domain_id") + ` AND NOT EXISTS (SELECT STRAIGHT_JOIN 1 FROM server s ` + alias + `)`,
		List: `SELECT d.domain FROM mail_domain d` + older + ` WHERE ` + delivered("d.domain_id"),
		Mailbox: `SELECT u.email AS address, u.login AS login FROM mail_user u
WHERE u.email = ` + d.address() + ` AND u.postfix = 'y'
UNION ALL
SELECT STRAIGHT_JOIN REPLACE(u.email, f.destination, f.source), u.login
FROM server s ` + alias + `
JOIN mail_user u ON u.email = CONCAT(` + d.local() + `, f.destination)
WHERE u.postfix = 'y'`,
	}
}

// froxlor lists web domains in the same table. Its alias domains are for the web:
// mail is delivered to the mailboxes of each domain.
func froxlor(d dialect) Queries {
	return Queries{
		Domain: `SELECT d.domain, d.deactivated = 0 AS enabled FROM panel_domains d
WHERE d.domain = {domain} AND d.isemaildomain = 1`,
		List: `SELECT d.domain FROM panel_domains d WHERE d.isemaildomain = 1`,
		Mailbox: `SELECT u.email AS address, u.username AS login FROM mail_users u
WHERE u.email = ` + d.address() + ` AND u.postfix = 'Y'`,
	}
}

// mailu has an index on addresses, but none on their parts. user is a reserved
// word in PostgreSQL, and MySQL quotes names differently.
func mailu(d dialect) Queries {
	user := `"user"`
	if d == "mysql" {
		user = "`user`"
	}
	return Queries{
		Domain: `SELECT a.name AS domain, a.domain_name AS canonical_domain FROM alternative a WHERE a.name = {domain}
UNION ALL
SELECT d.name, NULL FROM domain d WHERE d.name = {domain}`,
		List: `SELECT a.name AS domain FROM alternative a UNION ALL SELECT d.name FROM domain d`,
		Mailbox: `SELECT u.email AS address, u.email AS login FROM ` + user + ` u
WHERE u.email = ` + d.address() + ` AND u.enabled
UNION ALL
SELECT REPLACE(u.email, ` + d.join("'@'", "a.domain_name") + `, ` + d.join("'@'", "a.name") + `), u.email
FROM alternative a JOIN ` + user + ` u ON u.email = ` + d.join(d.local(), "'@'", "a.domain_name") + `
WHERE a.name = {domain} AND u.enabled`,
	}
}
