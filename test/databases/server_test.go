package databases_test

import (
	"os"
	"testing"

	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

func TestServers(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *databases.Server{"PostgreSQL": servers.PostgreSQL, "MariaDB": servers.MariaDB} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			if start(t) != server {
				t.Error("the second test of a package gets another server")
			}
			one, other := server.NewDatabase(t), server.NewDatabase(t)
			one.Exec(t, "CREATE TABLE a (b INTEGER)")
			other.Exec(t, "CREATE TABLE a (b INTEGER)") // were they one, it would be there
		})
	}
}

func TestServersOfOneTest(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *databases.Server{"PostgreSQL": databases.StartPostgreSQL, "MariaDB": databases.StartMariaDB} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			db := server.NewDatabase(t)
			address := server.Address()
			server.Kill(t)
			if err := db.DB.PingContext(t.Context()); err == nil {
				t.Error("a server that was killed answers")
			}
			server.Start(t)
			if err := db.DB.PingContext(t.Context()); err != nil || server.Address() != address {
				t.Errorf("after the start at %s, before at %s: %v", server.Address(), address, err)
			}
		})
	}
}
