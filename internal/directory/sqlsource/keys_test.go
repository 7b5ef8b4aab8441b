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

// TestTLSByTheKey: a password leaves this machine only encrypted, unless the settings
// allow it otherwise. The servers of the tests have no TLS.
func TestTLSByTheKey(t *testing.T) {
	for _, tc := range []struct {
		host string
		tls  source.TLS
		want source.TLS
	}{
		{"db.example.com", "", source.TLSRequire}, {"192.0.2.1", "", source.TLSRequire}, {"localhost.example.com", "", source.TLSRequire},
		{"db.example.com", source.TLSOff, source.TLSOff}, {"db.example.com", source.TLSVerifyFull, source.TLSVerifyFull},
		{"localhost", "", source.TLSOff}, {"127.0.0.2", "", source.TLSOff}, {"::1", "", source.TLSOff}, {"::ffff:127.0.0.1", "", source.TLSOff}, {"/run/postgresql", "", source.TLSOff},
		{"127.0.0.1", source.TLSRequire, source.TLSRequire},
	} {
		if got := tlsOf(source.SQL{Host: tc.host, TLS: tc.tls}); got != tc.want {
			t.Errorf("%s, %q: %s", tc.host, tc.tls, got)
		}
	}
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
		user := map[string]string{"postgres": "postgres", "mysql": "admin"}[e.driver]
		for mode, want := range map[source.TLS]string{
			"": "", source.TLSOff: "",
			source.TLSRequire:    "panel: the server does not support TLS, which the dsn or the key tls requires",
			source.TLSVerifyFull: "panel: the server does not support TLS, which the dsn or the key tls requires",
		} {
			s := e.source(t, domainQuery, "", func(o *source.SQL) {
				o.DSN, o.Host, o.Port, o.Database, o.User, o.Password, o.TLS = "", host, number, e.database(t), user, "admin-Pa55", mode
			})
			err := s.Check(t.Context())
			if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
				t.Errorf("%q: %v", mode, err)
			}
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
