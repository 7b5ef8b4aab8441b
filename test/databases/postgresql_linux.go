package databases

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/waymark-mail/waymark/test/programs"
)

type postgreSQL struct {
	bin     string
	account *account
	tls     Certificate
}

func findPostgreSQL(t testing.TB) program {
	t.Helper()
	programs.OnlyInTestAll(t, "starts PostgreSQL")
	// Debian keeps the servers of several versions apart, and off the PATH.
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Fatal("PostgreSQL is not installed: apt-get install postgresql")
	}
	return postgreSQL{bin: filepath.Dir(slices.Max(found)), account: findAccount(t, "postgres", "nobody")}
}

func (p postgreSQL) with(c Certificate) program {
	p.tls = c
	return p
}

func (p postgreSQL) install(dir string) error {
	home := filepath.Join(dir, "postgresql")
	if err := p.account.directory(home); err != nil {
		return err
	}
	if err := p.tls.write(p.account, home); err != nil {
		return err
	}
	passwords := filepath.Join(home, "password")
	if err := p.account.file(passwords, Password+"\n"); err != nil {
		return err
	}
	return p.account.run(home, filepath.Join(p.bin, "initdb"), "--pgdata=data", "--username="+p.admin(), "--pwfile="+passwords,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
}

func (p postgreSQL) start(dir string, port int) (*process, error) {
	home := filepath.Join(dir, "postgresql")
	arguments := []string{"-D", "data",
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(port), "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60"}
	if p.tls.Cert != nil {
		arguments = append(arguments, "-c", "ssl=on", "-c", "ssl_cert_file="+filepath.Join(home, certFile), "-c", "ssl_key_file="+filepath.Join(home, keyFile))
	}
	return p.account.start("database system is ready to accept connections", home, filepath.Join(p.bin, "postgres"), arguments...)
}

// crash is an immediate shutdown: every session is cut off, nothing is written
// down, the next start recovers. SIGKILL would leave children behind.
func (postgreSQL) crash(p *process) { p.end(syscall.SIGQUIT) }

func (postgreSQL) driver() string { return "pgx" }

func (postgreSQL) admin() string { return "postgres" }

func (postgreSQL) adminDatabase() string { return "postgres" }

func (postgreSQL) dsn(port int, user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
