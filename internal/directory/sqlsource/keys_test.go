package sqlsource

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestKeysInPlaceOfADSN logs in with names and passwords that a DSN would have to
// escape, without a DSN and beside one.
func TestKeysInPlaceOfADSN(t *testing.T) {
	bothServers(t, false, func(t *testing.T, e engine) {
		e.panel(t)
		host, port, err := net.SplitHostPort(e.server.Address())
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		database := "a b'c\\d/" + e.database(t)
		quote := map[string]string{"postgres": `"`, "mysql": "`"}[e.driver]
		e.exec(t, "CREATE DATABASE "+quote+database+quote)
		defer e.exec(t, "DROP DATABASE "+quote+database+quote)
		for i, password := range []string{`a/b+c=d@e:f?g#h%20 i`, `'"\ $x`, `pässwörd`, `${`} {
			user := "us'er " + strconv.Itoa(i) + e.database(t)
			literal := "'" + strings.ReplaceAll(password, "'", "''") + "'"
			if e.driver == "mysql" {
				literal = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password) + "'"
			}
			account := quote + user + quote
			e.exec(t, map[string]string{"postgres": "CREATE ROLE " + account + " LOGIN PASSWORD " + literal, "mysql": "CREATE USER " + account + " IDENTIFIED BY " + literal}[e.driver])
			e.exec(t, map[string]string{"postgres": "GRANT SELECT ON domain TO " + account, "mysql": "GRANT SELECT ON " + e.database(t) + ".* TO " + account}[e.driver])
			for name, change := range map[string]func(*source.SQL){
				"without a dsn": func(o *source.SQL) {
					o.DSN, o.Host, o.Port, o.Database, o.User, o.Password = "", host, number, e.database(t), user, password
				},
				"beside a dsn": func(o *source.SQL) { o.User, o.Password = user, password },
			} {
				s := e.source(t, domainQuery, "", change)
				if err := s.Check(t.Context()); err != nil {
					t.Errorf("%s, %s: %v", name, password, err)
				}
				hosted(t, s, "example.com")
			}
			s := e.source(t, domainQuery, "", func(o *source.SQL) { o.User, o.Password = user, password+"x" })
			fails(t, s.Check(t.Context()), "panel: the server rejected the user or the password")
			if e.driver == "postgres" {
				e.exec(t, "DROP OWNED BY "+account, "DROP ROLE "+account)
			} else {
				e.exec(t, "DROP USER "+account)
			}
		}
		s := e.source(t, domainQuery, "", func(o *source.SQL) { // as the administrator of the DSN
			o.Host, o.Port, o.Database = host, number, database
			o.User, o.Password, o.DSN = map[string]string{"postgres": "postgres", "mysql": "admin"}[e.driver], "admin-Pa55", ""
		})
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "queries.domain: ") {
			t.Errorf("a database whose name has to be escaped: %v, want only that it lacks the table", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestHostsThatAreSockets(t *testing.T) {
	for driver, host := range map[string]string{"postgres": "/nowhere", "mysql": "/nowhere/mysqld.sock"} {
		s, err := New("panel", source.SQL{Driver: driver, Host: host, Database: "mail", DomainQuery: domainQuery})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the server cannot be reached: dial unix /nowhere") {
			t.Errorf("%s: %v", driver, err)
		}
		_ = s.Close()
	}
}
