package databases

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
)

// StartPgBouncer starts a PgBouncer in transaction mode in front of a PostgreSQL
// server and returns where it listens. Its few connections to the server are
// shared by all clients. settings are additional lines of its configuration.
func StartPgBouncer(t testing.TB, server *Server, settings ...string) string {
	t.Helper()
	program := programs.Need(t, "pgbouncer", "pgbouncer")
	owner := findAccount(t, "postgres", "nobody")
	home := filepath.Join(t.TempDir(), "pgbouncer")
	users := filepath.Join(home, "users")
	if err := owner.directory(home); err != nil {
		t.Fatal(err)
	}
	if err := owner.file(users, fmt.Sprintf("%q %q\n", server.program.admin(), Password)); err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	configuration := filepath.Join(home, "pgbouncer.ini")
	err = owner.file(configuration, fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
		"auth_type = scram-sha-256\nauth_file = %s\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\n%s\n",
		server.port, port, users, strings.Join(settings, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := owner.start("process up", home, program, configuration)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	return "127.0.0.1:" + strconv.Itoa(port)
}
