//go:build linux

package docs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/programs"
)

// preparations set up what the reader of a section already has, by their names in
// the pages.
func preparations() map[string]func(*testing.T, *stage) {
	return map[string]func(*testing.T, *stage){
		"the example": withTheExample, "Caddy": withCaddy, "PostgreSQL": func(t *testing.T, s *stage) { withPostgreSQL(t, s) },
		"mailcow": withMailcow, "PostfixAdmin": withPostfixAdmin, "iRedMail": withIRedMail,
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// withTheExample runs the example that "make run" serves.
func withTheExample(t *testing.T, s *stage) {
	t.Helper()
	write(t, filepath.Join(s.dir, "waymark.yaml"), read(t, "examples/infomaniak.yaml"))
	write(t, filepath.Join(s.dir, ".curlrc"), "fail\n") // not everything that is printed is shown
	s.before = `sed -i 's/^listen: .*/listen: "127.0.0.1:8080"/; s/:90[9]0/:9090/' waymark.yaml
STATE_DIRECTORY=$HOME/state waymark serve 2> waymark.log
`
}

// withCaddy gives Caddy free ports and an authority of its own: no public one
// would issue a certificate here.
func withCaddy(t *testing.T, s *stage) {
	t.Helper()
	programs.Need(t, "caddy", "caddy")
	http, https := programs.FreePort(t), programs.FreePort(t)
	options := fmt.Sprintf("\thttp_port %s\n\thttps_port %s\n\tdefault_bind 127.0.0.1\n\tlocal_certs\n\tskip_install_trust\n\tadmin off\n\tstorage file_system %s\n", http, https, s.dir)
	s.replace = append(s.replace,
		"--connect-to ::127.0.0.1:80 ", "--connect-to ::127.0.0.1:"+http+" ",
		"--connect-to ::127.0.0.1:443 ", "--connect-to ::127.0.0.1:"+https+" ",
		"http://waymark.example.org, ", "{\n"+options+"}\nhttp://waymark.example.org, ",
		"\ton_demand_tls {", options+"\ton_demand_tls {")
	s.env = append(s.env, "CURL_CA_BUNDLE="+filepath.Join(s.dir, "pki", "authorities", "local", "root.crt"))
}

// withPostgreSQL runs a server, whose administrator psql logs in as, also by "su".
func withPostgreSQL(t *testing.T, s *stage) *databases.Server {
	t.Helper()
	programs.Need(t, "psql", "postgresql-client")
	server := databases.StartPostgreSQL(t)
	host, port, err := net.SplitHostPort(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	s.before = "su() { [ \"$1 $2 $3\" = '- postgres -c' ] && bash -c \"$4\"; }\n"
	s.replace = append(s.replace, "127.0.0.1:5432", server.Address())
	s.env = append(s.env, "PGHOST="+host, "PGPORT="+port, "PGUSER=postgres", "PGPASSWORD="+databases.Password)
	return server
}

// panel is what the database of a panel has for mail; yes and no are its
// values of a switch.
func panel(kind, yes, no string) []string {
	return []string{
		`CREATE TABLE domain (domain varchar(255) PRIMARY KEY, backupmx ` + kind + ` NOT NULL, relay_unknown_only ` + kind + `, active ` + kind + ` NOT NULL)`,
		`CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active ` + kind + ` NOT NULL)`,
		fmt.Sprintf(`INSERT INTO domain (domain, backupmx, active) VALUES ('example.org', %[1]s, %[2]s), ('alias.example', %[1]s, %[2]s)`, no, yes), // PostfixAdmin lists alias domains too
		fmt.Sprintf(`INSERT INTO alias_domain VALUES ('alias.example', 'example.org', %s)`, yes),
	}
}

func withPostfixAdmin(t *testing.T, s *stage) {
	t.Helper()
	server := withPostgreSQL(t, s)
	server.Database(t, "postgres").Exec(t, "CREATE DATABASE postfixadmin")
	server.Database(t, "postfixadmin").Exec(t, panel("boolean", "true", "false")...)
}

func withMailcow(t *testing.T, s *stage) {
	t.Helper()
	programs.Need(t, "mariadb", "mariadb-client")
	server := databases.StartMariaDB(t)
	host, port, err := net.SplitHostPort(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	server.Database(t, "mysql").Exec(t, "CREATE DATABASE mailcow")
	server.Database(t, "mailcow").Exec(t, panel("tinyint(1)", "1", "0")...)
	write(t, filepath.Join(s.dir, ".my.cnf"), fmt.Sprintf("[client]\nhost=%s\nport=%s\nprotocol=tcp\nuser=admin\npassword=%s\n", host, port, databases.Password))
	s.replace = append(s.replace, "127.0.0.1:13306", server.Address())
}

// withIRedMail runs an LDAP server with the entries that iRedMail makes for a
// domain, and with its account for reading.
func withIRedMail(t *testing.T, s *stage) {
	t.Helper()
	program := programs.Need(t, "slapd", "slapd")
	dir := t.TempDir()
	address := "127.0.0.1:" + programs.FreePort(t)
	conf := filepath.Join(dir, "slapd.conf")
	write(t, conf, strings.ReplaceAll(read(t, "test/docs/testdata/iredmail/slapd.conf"), "DIR", dir))
	add := exec.Command(program, "-T", "add", "-f", conf, "-l", "testdata/iredmail/entries.ldif")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := exec.Command(program, "-f", conf, "-d", "0", "-h", "ldap://"+address)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	s.replace = append(s.replace, "127.0.0.1:389", address)
}
