package databases

import (
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/waymark-mail/waymark/test/programs"
)

type mariaDB struct {
	server, installer string
	account           *account
	tls               Certificate
}

func findMariaDB(t testing.TB) program {
	t.Helper()
	return mariaDB{
		server:    programs.Need(t, "mariadbd", "mariadb-server"),
		installer: programs.Need(t, "mariadb-install-db", "mariadb-server"),
		account:   findAccount(t, "mysql", "nobody"),
	}
}

func (m mariaDB) with(c Certificate) program {
	m.tls = c
	return m
}

func (m mariaDB) install(dir string) error {
	home := filepath.Join(dir, "mariadb")
	if err := m.account.directory(home); err != nil {
		return err
	}
	if err := m.tls.write(m.account, home); err != nil {
		return err
	}
	err := m.account.file(filepath.Join(home, "admin.sql"),
		"CREATE USER IF NOT EXISTS '"+m.admin()+"'@'%' IDENTIFIED BY '"+Password+"';\n"+
			"GRANT ALL ON *.* TO '"+m.admin()+"'@'%' WITH GRANT OPTION;\n")
	if err != nil {
		return err
	}
	return m.account.run(home, m.installer, "--no-defaults", "--datadir="+filepath.Join(home, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=4M")
}

func (m mariaDB) start(dir string, port int) (*process, error) {
	home := filepath.Join(dir, "mariadb")
	arguments := []string{"--no-defaults",
		"--datadir=" + filepath.Join(home, "data"), "--init-file=" + filepath.Join(home, "admin.sql"),
		"--socket=s", // relative to the data: a whole path could be longer than the system allows
		"--pid-file=" + filepath.Join(home, "pid"), "--tmpdir=" + home,
		"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--skip-name-resolve",
		"--character-set-server=utf8mb4", "--performance-schema=off", "--innodb-log-file-size=4M",
		"--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=2", "--innodb-use-native-aio=0"}
	if m.tls.Cert != nil {
		arguments = append(arguments, "--ssl-cert="+filepath.Join(home, certFile), "--ssl-key="+filepath.Join(home, keyFile))
	}
	return m.account.start("ready for connections", home, m.server, arguments...)
}

func (mariaDB) crash(p *process) { p.end(syscall.SIGKILL) }

func (mariaDB) driver() string { return "mysql" }

func (mariaDB) admin() string { return "admin" }

func (mariaDB) adminDatabase() string { return "mysql" }

func (mariaDB) dsn(port int, user, password, database string) string {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = user, password, database
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return cfg.FormatDSN()
}
