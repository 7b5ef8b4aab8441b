package service

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/test/databases"
)

// TestAStrangerAtServers is TestAStranger for 4 seconds at databases whose columns
// cannot hold every name.
func TestAStrangerAtServers(t *testing.T) {
	numbers := `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) `
	fill := func(db databases.Database, driver, dsn, charset string) (settings string) {
		db.Exec(t,
			`CREATE TABLE customers (domain varchar(255) PRIMARY KEY, mail_host varchar(255), active smallint NOT NULL)`+charset,
			`CREATE TABLE mailboxes (address varchar(255) PRIMARY KEY, login varchar(255) NOT NULL)`+charset)
		for prefix, host := range map[string]string{"customer": "NULL", "row": "'not a host'"} {
			db.Exec(t, `INSERT INTO customers `+numbers+` SELECT `+map[string]string{"mysql": "CONCAT('" + prefix + "', i, '.example')", "postgres": "'" + prefix + "' || i || '.example'"}[driver]+`, `+host+`, 1 FROM n`)
		}
		text := onDatabase(driver, dsn, "mailboxes: true\n    public_logins: true")
		text = strings.Replace(text, "domain = {domain}", "domain IN ({domain}, {domain_unicode})", 1)
		if driver == "mysql" {
			text = strings.Replace(text, "address = {address}", "address = CONCAT({local}, '@', {domain})", 1)
		}
		return forStrangers(text)
	}
	mariadb := servers.MariaDB(t)
	latin, short := mariadb.NewDatabase(t), mariadb.NewDatabase(t)
	inLatin1 := fill(latin, "mysql", latin.DSN, " CHARACTER SET latin1")
	inShortUTF8 := fill(short, "mysql", short.DSN, " CHARACTER SET utf8mb3")
	postgres := servers.PostgreSQL(t)
	admin := postgres.NewDatabase(t)
	admin.Exec(t, `CREATE DATABASE `+admin.Name+`_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	inPostgres := fill(postgres.Database(t, admin.Name+"_latin1"), "postgres", strings.Replace(admin.DSN, admin.Name, admin.Name+"_latin1", 1), "")
	for _, server := range []stranger{{name: "MariaDB, latin1", settings: inLatin1}, {name: "MariaDB, utf8mb3", settings: inShortUTF8}, {name: "PostgreSQL, LATIN1", settings: inPostgres}} {
		for kind, address := range map[string]string{
			"unknown domains":           "anna@unknown%d.example",
			"rows that cannot be read":  "anna@row%d.example",
			"names beyond Latin-1":      "anna@имя%d.example",
			"names beyond 3 octets":     "anna@𠀋%d.example",
			"local parts":               "имя@customer%d.example",
			"local parts of 4 octets":   "😀@customer%d.example",
			"local parts of known ones": "😀%d@customer0.example",
		} {
			t.Run(server.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				stranger{kind, server.settings, address}.ask(t, 200)
			})
		}
	}
}

// TestMoreConnectionsMoreLookups compares 64 connections with 16 for a query that
// takes 50 ms. A machine that is busy may be slow once, so the best of three counts.
func TestMoreConnectionsMoreLookups(t *testing.T) {
	c := fill(t, "postgres", servers.PostgreSQL(t).NewDatabase(t), 6000)
	took := func(connections int) time.Duration {
		text := strings.Replace(c.settings(fmt.Sprintf("connections: %d\n    timeout: 30s", connections)), "FROM customers WHERE", "FROM customers, pg_sleep(0.05) WHERE", 1)
		d := openDirectory(t, parsed(t, text))
		defer d.close(t)
		var all sync.WaitGroup
		var next atomic.Int64
		ask := func(domain address.Domain) {
			if _, err := d.Resolve(t.Context(), from("bert", domain)); err != nil {
				t.Error(err)
			}
		}
		for i := range connections { // connects
			all.Go(func() { ask(c.domain(10 * (500 + i))) })
		}
		all.Wait()
		begun := time.Now()
		for range 128 {
			all.Go(func() {
				for i := next.Add(1); i < 480; i = next.Add(1) {
					ask(c.domain(10 * int(i)))
				}
			})
		}
		all.Wait()
		return time.Since(begun)
	}
	best := 0.0
	for range 3 {
		few, many := took(16), took(64)
		best = max(best, float64(few)/float64(many))
		t.Logf("16 connections take %v, 64 take %v", few, many)
		if best >= 3 {
			return
		}
	}
	t.Errorf("64 connections are %.1f times as fast as 16, want 3", best)
}
