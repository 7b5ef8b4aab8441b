package preset

import (
	"fmt"
	"slices"
	"strings"
)

// Queries look up a domain and a mailbox, with the placeholders and columns of
// source.SQL.
type Queries struct {
	Domain  string
	Mailbox string
}

// panel is a mail panel and the databases that it runs on.
type panel struct {
	name    string
	drivers []string
	queries func(driver string) Queries
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
		return p.queries(driver), nil
	}
	return Queries{}, fmt.Errorf("unknown preset %q; known are %s", name, strings.Join(SQLNames(), ", "))
}

// aliased returns the queries for schemas with the tables domain, alias_domain
// and mailbox. Some panels also list an alias domain in domain and some do not;
// the result is one row either way. yes and no are conditions on a flag column.
func aliased(yes, no func(column string) string, person string) Queries {
	const given = "IN ({domain}, {domain_unicode})"
	return Queries{
		Domain: `SELECT a.target_domain AS canonical_domain, t.active AS enabled
FROM alias_domain a JOIN domain t ON t.domain = a.target_domain
WHERE a.alias_domain ` + given + ` AND ` + yes("a.active") + `
UNION ALL
SELECT NULL, d.active FROM domain d
WHERE d.domain ` + given + ` AND d.domain <> 'ALL' AND ` + no("d.backupmx") + `
  AND NOT EXISTS (SELECT 1 FROM alias_domain x WHERE x.alias_domain = d.domain AND ` + yes("x.active") + `)`,
		Mailbox: `SELECT m.username AS login FROM mailbox m
WHERE m.local_part = LOWER({local}) AND m.domain ` + given + ` AND ` + yes("m.active") + person + `
UNION ALL
SELECT m.username FROM alias_domain a JOIN mailbox m ON m.domain = a.target_domain
WHERE a.alias_domain ` + given + ` AND ` + yes("a.active") + ` AND m.local_part = LOWER({local}) AND ` + yes("m.active") + person,
	}
}

// one and zero are the conditions for numeric flags: mailcow writes 2 for a
// mailbox that may not log in.
func one(column string) string  { return column + " = 1" }
func zero(column string) string { return column + " = 0" }

// postfixadmin is the schema of PostfixAdmin 3 and 4. PostgreSQL has booleans
// where the others have numbers.
func postfixadmin(driver string) Queries {
	if driver == "postgres" {
		return aliased(func(c string) string { return c }, func(c string) string { return "NOT " + c }, "")
	}
	return aliased(one, zero, "")
}

// mailcow is the schema of mailcow: dockerized. Rooms and other resources with a
// calendar are mailboxes of another kind.
func mailcow(string) Queries { return aliased(one, zero, " AND m.kind = ''") }

// iredmail is the schema of iRedMail on SQL.
func iredmail(string) Queries { return aliased(one, zero, "") }

// ispconfig is the schema of ISPConfig 3. Each domain is on one of several
// servers, and the login of a mailbox need not be its address.
func ispconfig(string) Queries {
	const at = "IN (CONCAT('@', {domain}), CONCAT('@', {domain_unicode}))"
	return Queries{
		Domain: `SELECT t.domain AS canonical_domain, t.active AS enabled, s.server_name AS imap_host, s.server_name AS pop3_host, s.server_name AS submission_host
FROM mail_forwarding f JOIN mail_domain t ON f.destination = CONCAT('@', t.domain) LEFT JOIN server s ON s.server_id = t.server_id
WHERE f.source ` + at + ` AND f.type = 'aliasdomain' AND f.active = 'y'
UNION ALL
SELECT NULL, d.active, s.server_name AS imap_host, s.server_name AS pop3_host, s.server_name AS submission_host
FROM mail_domain d LEFT JOIN server s ON s.server_id = d.server_id
WHERE d.domain IN ({domain}, {domain_unicode})
  AND NOT EXISTS (SELECT 1 FROM mail_forwarding x WHERE x.source = CONCAT('@', d.domain) AND x.type = 'aliasdomain' AND x.active = 'y')`,
		Mailbox: `SELECT u.login FROM mail_user u
WHERE u.email IN (CONCAT(LOWER({local}), '@', {domain}), CONCAT(LOWER({local}), '@', {domain_unicode})) AND u.postfix = 'y'
UNION ALL
SELECT u.login FROM mail_forwarding f JOIN mail_user u ON u.email = CONCAT(LOWER({local}), f.destination)
WHERE f.source ` + at + ` AND f.type = 'aliasdomain' AND f.active = 'y' AND u.postfix = 'y'`,
	}
}

// froxlor is the schema of Froxlor 2, which lists web domains in the same table.
func froxlor(string) Queries {
	return Queries{
		Domain: `SELECT t.domain AS canonical_domain, d.deactivated = 0 AS enabled
FROM panel_domains d LEFT JOIN panel_domains t ON t.id = d.aliasdomain
WHERE d.domain IN ({domain}, {domain_unicode}) AND d.isemaildomain = 1`,
		Mailbox: `SELECT u.username AS login FROM mail_users u
WHERE u.email IN (CONCAT(LOWER({local}), '@', {domain}), CONCAT(LOWER({local}), '@', {domain_unicode})) AND u.postfix = 'Y'`,
	}
}

// mailu is the schema of Mailu. user is a reserved word in PostgreSQL, and MySQL
// quotes names differently.
func mailu(driver string) Queries {
	user := `"user"`
	if driver == "mysql" {
		user = "`user`"
	}
	return Queries{
		Domain: `SELECT a.domain_name AS canonical_domain FROM alternative a WHERE a.name = {domain}
UNION ALL
SELECT NULL FROM domain d WHERE d.name = {domain}`,
		Mailbox: `SELECT u.email AS login FROM ` + user + ` u
WHERE u.localpart = LOWER({local}) AND u.domain_name = {domain} AND u.enabled
UNION ALL
SELECT u.email FROM alternative a JOIN ` + user + ` u ON u.domain_name = a.domain_name
WHERE a.name = {domain} AND u.localpart = LOWER({local}) AND u.enabled`,
	}
}
