package sqlsource

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/test/databases"
)

// bothServers runs a test with each kind of server, of its own when the test
// kills it.
func bothServers(t *testing.T, own bool, test func(*testing.T, engine)) {
	postgres, mariadb := servers.PostgreSQL, servers.MariaDB
	if own {
		postgres, mariadb = databases.StartPostgreSQL, databases.StartMariaDB
	}
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newPostgreSQL(t, postgres(t))) })
	t.Run("MariaDB", func(t *testing.T) { test(t, newMariaDB(t, mariadb(t))) })
}

func (e engine) database(t *testing.T) string {
	t.Helper()
	var name string
	query := "SELECT DATABASE()"
	if e.driver == "postgres" {
		query = "SELECT current_database()"
	}
	if err := e.db.QueryRowContext(t.Context(), query).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLoginsThatFail(t *testing.T) {
	bothServers(t, false, func(t *testing.T, e engine) {
		e.panel(t)
		user := "reader_" + e.database(t)
		e.exec(t, map[string]string{"postgres": "CREATE ROLE " + user + " LOGIN PASSWORD '" + secret + "'", "mysql": "CREATE USER " + user + " IDENTIFIED BY '" + secret + "'"}[e.driver])
		e.exec(t, "GRANT SELECT ON mailbox TO "+user)
		for _, tc := range []struct{ name, dsn, postgres, mysql string }{
			{"a wrong password", e.server.DSN(user, secret+"x", e.database(t)), "the server rejected the user or the password", "the server rejected the user or the password"},
			{"an unknown user", e.server.DSN("nobody", secret, e.database(t)), "the server rejected the user or the password", "the server rejected the user or the password"},
			{"an unknown database", e.server.DSN(user, secret, "nowhere"), `database "nowhere" does not exist`, "Access denied for user '" + user + "'@'%' to database 'nowhere'"},
			{"a table that may not be read", e.server.DSN(user, secret, e.database(t)), "queries.domain: permission denied for table domain", "queries.domain: SELECT command denied to user '" + user + "'@'"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				s := e.source(t, domainQuery, loginQuery, func(o *source.SQL) { o.DSN = tc.dsn })
				want := "panel: " + map[string]string{"postgres": tc.postgres, "mysql": tc.mysql}[e.driver]
				for name, err := range map[string]error{"Check": s.Check(t.Context()), "Domain": lookUp(t, s, "example.com")} {
					if err == nil || strings.Contains(err.Error(), secret) || name == "Check" && !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), strings.TrimPrefix(want, "panel: ")) {
						t.Errorf("%s: got %v, want %s", name, err, want)
					}
				}
			})
		}
	})
}

func TestFilesThatCannotBeRead(t *testing.T) {
	e := newSQLite(t)
	s := e.source(t, domainQuery, "", func(o *source.SQL) { o.DSN = t.TempDir() + "/none.db" })
	const words = "the file cannot be opened: check that it exists and is readable; a database in WAL mode needs its -wal and -shm files, or a directory that Waymark may write to"
	fails(t, s.Check(t.Context()), "panel: "+words)
	fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: "+words)
	s = e.source(t, domainQuery, "", func(o *source.SQL) { o.DSN = "source.go" })
	fails(t, s.Check(t.Context()), "panel: the file is not an SQLite database")
}

// TestServerDownAtStart creates the source while the server is down.
func TestServerDownAtStart(t *testing.T) {
	bothServers(t, true, func(t *testing.T, e engine) {
		e.panel(t)
		e.server.Kill(t)
		s := e.source(t, domainQuery, "")
		want := "the server cannot be reached: dial tcp " + e.server.Address() + ": connect: connection refused"
		fails(t, s.Check(t.Context()), "panel: "+want)
		fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: "+want)
		e.server.Start(t)
		hosted(t, s, "example.com")
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestServerKilled fills the pool, kills the server, starts it again, and wants
// no lookup to fail from then on, though every connection in the pool is dead.
func TestServerKilled(t *testing.T) {
	bothServers(t, true, func(t *testing.T, e engine) {
		s := e.panel(t).source(t, "SELECT "+e.sleepy+" AS login, provider FROM domain WHERE name = {domain}", "")
		var all sync.WaitGroup
		for range 3 {
			for range 4 * DefaultConnections {
				all.Go(func() { hosted(t, s, "example.com") })
			}
			all.Wait()
			e.server.Kill(t)
			if err := lookUp(t, s, "example.com"); err == nil || !strings.Contains(err.Error(), "the server cannot be reached: dial tcp") {
				t.Errorf("while it is down: %v", err)
			}
			e.server.Start(t)
		}
	})
}

// TestServerKilledWithoutNotice is TestServerKilled with nobody asking while
// the server is down, so that the pool is still full of dead connections.
func TestServerKilledWithoutNotice(t *testing.T) {
	bothServers(t, true, func(t *testing.T, e engine) {
		s := e.panel(t).source(t, "SELECT "+e.sleepy+" AS login, provider FROM domain WHERE name = {domain}", "")
		for range 3 {
			var all sync.WaitGroup
			for range 4 * DefaultConnections {
				all.Go(func() { hosted(t, s, "example.com") })
			}
			all.Wait()
			e.server.Kill(t)
			e.server.Start(t)
		}
	})
}

// TestServerThatHangs has a server that accepts connections and sends nothing.
func TestServerThatHangs(t *testing.T) {
	l := listen(t)
	for driver, dsn := range map[string]string{"postgres": "postgres://waymark:" + secret + "@" + l + "/mail?sslmode=disable", "mysql": "waymark:" + secret + "@tcp(" + l + ")/mail"} {
		e := engine{driver: driver, dsn: dsn}
		s := e.source(t, domainQuery, "", func(o *source.SQL) { o.Timeout = 100 * time.Millisecond })
		fails(t, s.Check(t.Context()), "panel: no answer within 100ms")
		fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: no answer within 100ms")
	}
}
