package databases

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Password is the password of the administrator of every server.
const Password = "admin-Pa55"

const startLimit = time.Minute

// Server is a database server of a test's own.
type Server struct {
	program   program
	dir       string
	port      int
	process   *process
	databases atomic.Int64
}

// program is a kind of server.
type program interface {
	// with returns the server with a certificate for TLS.
	with(Certificate) program
	// install makes an empty data directory in dir.
	install(dir string) error
	// start runs the server until its log says that it is ready.
	start(dir string, port int) (*process, error)
	// crash ends the server as if the machine had lost its power.
	crash(*process)
	driver() string        // its name in database/sql
	admin() string         // its administrator
	adminDatabase() string // a database that is always there
	dsn(port int, user, password, database string) string
}

// Servers starts each kind of server once for all tests of a package, which
// has
//
//	var servers databases.Servers
//	func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }
type Servers struct {
	mu       sync.Mutex
	postgres *Server
	mariadb  *Server
}

// Main runs the tests, then ends the servers that they started.
func (s *Servers) Main(m *testing.M) int {
	code := m.Run()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range []*Server{s.postgres, s.mariadb} {
		if server != nil {
			server.stop()
			if err := os.RemoveAll(server.dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	return code
}

// PostgreSQL returns the PostgreSQL server of the package.
func (s *Servers) PostgreSQL(t testing.TB) *Server {
	t.Helper()
	return s.shared(t, &s.postgres, findPostgreSQL(t))
}

// MariaDB returns the MariaDB server of the package.
func (s *Servers) MariaDB(t testing.TB) *Server {
	t.Helper()
	return s.shared(t, &s.mariadb, findMariaDB(t))
}

func (s *Servers) shared(t testing.TB, into **Server, p program) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if *into == nil {
		dir, err := os.MkdirTemp("", "waymark-db-") //nolint:usetesting // it outlives the test that comes first
		if err != nil {
			t.Fatal(err)
		}
		server, err := newServer(p, dir)
		if err != nil {
			_ = os.RemoveAll(dir)
			t.Fatal(err)
		}
		*into = server
	}
	return *into
}

// StartPostgreSQL starts a PostgreSQL server that may be killed, and that ends
// with the test.
func StartPostgreSQL(t testing.TB) *Server {
	t.Helper()
	return own(t, findPostgreSQL(t))
}

// StartMariaDB starts a MariaDB server that may be killed, and that ends with
// the test.
func StartMariaDB(t testing.TB) *Server {
	t.Helper()
	return own(t, findMariaDB(t))
}

// Certificate is a TLS certificate and its key, in PEM format.
type Certificate struct{ Cert, Key []byte }

// StartPostgreSQLWithTLS is StartPostgreSQL with a server that offers TLS.
func StartPostgreSQLWithTLS(t testing.TB, c Certificate) *Server {
	t.Helper()
	return own(t, findPostgreSQL(t).with(c))
}

// StartMariaDBWithTLS is StartMariaDB with a server that offers TLS.
func StartMariaDBWithTLS(t testing.TB, c Certificate) *Server {
	t.Helper()
	return own(t, findMariaDB(t).with(c))
}

func own(t testing.TB, p program) *Server {
	t.Helper()
	s, err := newServer(p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func newServer(p program, dir string) (*Server, error) {
	if err := p.install(dir); err != nil {
		return nil, err
	}
	s := &Server{program: p, dir: dir}
	var err error
	for range 3 { // another program may take the free port first
		if s.port, err = freePort(); err != nil {
			return nil, err
		}
		if s.process, err = p.start(dir, s.port); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (s *Server) stop() {
	if s.process != nil {
		s.program.crash(s.process) // the data is no longer needed
		s.process = nil
	}
}

// Kill ends the server at once. Start starts it again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.stop()
}

// Start starts a server that was killed, on the port that it had.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	process, err := s.program.start(s.dir, s.port)
	if err != nil {
		t.Fatal(err)
	}
	s.process = process
}

// Address is where the server listens, or listened.
func (s *Server) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// DSN returns the DSN of a user of a database.
func (s *Server) DSN(user, password, database string) string {
	return s.program.dsn(s.port, user, password, database)
}

// Database is a database of a test's own.
type Database struct {
	Server *Server
	Name   string
	DSN    string  // as the administrator
	DB     *sql.DB // as the administrator
}

// NewDatabase creates an empty database for the caller alone.
func (s *Server) NewDatabase(t testing.TB) Database {
	t.Helper()
	name := "test" + strconv.FormatInt(s.databases.Add(1), 10)
	s.Database(t, s.program.adminDatabase()).Exec(t, "CREATE DATABASE "+name)
	return s.Database(t, name)
}

// Database opens a database that is there.
func (s *Server) Database(t testing.TB, name string) Database {
	t.Helper()
	dsn := s.DSN(s.program.admin(), Password, name)
	db, err := sql.Open(s.program.driver(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0) // none outlives a Kill
	t.Cleanup(func() { _ = db.Close() })
	return Database{Server: s, Name: name, DSN: dsn, DB: db}
}

// WaitUntilIdle waits until Waymark is not connected to PostgreSQL any more, which
// has counted the rows that it read by then.
func (d Database) WaitUntilIdle(t testing.TB) {
	t.Helper()
	for connected := 1; connected > 0; {
		const query = `SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE application_name = 'waymark' AND datname = current_database()`
		if err := d.DB.QueryRowContext(t.Context(), query).Scan(&connected); err != nil {
			t.Fatal(err)
		}
	}
}

// Exec runs statements as the administrator.
func (d Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		ctx, cancel := context.WithTimeout(t.Context(), startLimit)
		_, err := d.DB.ExecContext(ctx, statement)
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
