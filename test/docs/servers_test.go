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
)

// preparations are what a reader of a section has already, by page and title.
func preparations() map[string]func(*testing.T, *stage) {
	return map[string]func(*testing.T, *stage){
		"quickstart.md One domain behind Caddy":             withCaddy,
		"quickstart.md A hosting company on PostgreSQL":     func(t *testing.T, s *stage) { withPostgreSQL(t, s) },
		"../README.md Try it":                               withTheExample,
		"dns.md DNS records":                                withTheExample,
		"quickstart.md mailcow":                             withMailcow,
		"quickstart.md PostfixAdmin, and iRedMail with SQL": withPostfixAdmin,
		"quickstart.md iRedMail with LDAP":                  withIRedMail,
	}
}

// need returns the path of a program, or skips.
func need(t *testing.T, program, debian string) string {
	t.Helper()
	for _, path := range []string{program, "/usr/sbin/" + program} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Skipf("needs %s: apt-get install %s", program, debian)
	return ""
}

// withTheExample runs the example that "make run" serves.
func withTheExample(t *testing.T, s *stage) {
	t.Helper()
	text, err := os.ReadFile("../examples/infomaniak.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "waymark.yaml"), string(text))
	write(t, filepath.Join(s.dir, ".curlrc"), "fail\n") // not everything that is printed is shown
	s.before = `sed -i 's/^listen: .*/listen: "127.0.0.1:8080"/; s/:90[9]0/:9090/' waymark.yaml
STATE_DIRECTORY=$HOME/state waymark serve 2> waymark.log &
until waymark healthcheck 2> /dev/null; do sleep 0.1; done
`
}

// withCaddy gives Caddy free ports and an authority of its own: no public one
// would issue a certificate here.
func withCaddy(t *testing.T, s *stage) {
	t.Helper()
	need(t, "caddy", "caddy")
	http, https := freePort(t), freePort(t)
	s.replace = append(s.replace,
		"--connect-to ::127.0.0.1:80 ", "--connect-to ::127.0.0.1:"+http+" ",
		"\temail you@example.org\n", fmt.Sprintf("\thttp_port %s\n\thttps_port %s\n\tdefault_bind 127.0.0.1\n\tlocal_certs\n\tskip_install_trust\n\tadmin off\n\tstorage file_system %s\n", http, https, s.dir),
		"127.0.0.1:443", "127.0.0.1:"+https)
	s.env = append(s.env, "CURL_CA_BUNDLE="+filepath.Join(s.dir, "pki", "authorities", "local", "root.crt"))
}

// withPostgreSQL runs a server, whose administrator psql logs in as.
func withPostgreSQL(t *testing.T, s *stage) *databases.Server {
	t.Helper()
	need(t, "psql", "postgresql-client")
	server := databases.StartPostgreSQL(t)
	host, port, err := net.SplitHostPort(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	s.replace = append(s.replace, "127.0.0.1:5432", server.Address())
	s.env = append(s.env, "PGHOST="+host, "PGPORT="+port, "PGUSER=postgres", "PGPASSWORD="+databases.Password)
	return server
}

// panel is what the database of a panel has for mail; yes and no are how it
// writes a switch.
func panel(kind, yes, no string) []string {
	return []string{
		`CREATE TABLE domain (domain varchar(255) PRIMARY KEY, backupmx ` + kind + ` NOT NULL, active ` + kind + ` NOT NULL)`,
		`CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active ` + kind + ` NOT NULL)`,
		fmt.Sprintf(`INSERT INTO domain VALUES ('example.org', %s, %s)`, no, yes),
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
	need(t, "mariadb", "mariadb-client")
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

// withIRedMail runs an LDAP server with the entries that iRedMail has for a
// domain, and with its user for reading.
func withIRedMail(t *testing.T, s *stage) {
	t.Helper()
	program := need(t, "slapd", "slapd")
	dir := t.TempDir()
	address := "127.0.0.1:" + freePort(t)
	in := strings.NewReplacer("DIR", dir)
	write(t, filepath.Join(dir, "slapd.conf"), in.Replace(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
attributetype (1.1.2.1.1 NAME 'domainName' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.2 NAME 'domainAliasName' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.3 NAME 'accountStatus' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.4 NAME 'enabledService' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.5 NAME 'domainBackupMX' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
objectclass (1.1.2.2.1 NAME 'mailDomain' SUP top STRUCTURAL MUST domainName MAY (domainAliasName $ accountStatus $ enabledService $ domainBackupMX))
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix dc=example,dc=com
directory DIR
access to attrs=userPassword by anonymous auth
access to * by users read by anonymous auth
`))
	write(t, filepath.Join(dir, "entries.ldif"), `dn: dc=example,dc=com
objectClass: domain
dc: example

dn: cn=vmail,dc=example,dc=com
objectClass: person
cn: vmail
sn: vmail
userPassword: change-me

dn: o=domains,dc=example,dc=com
objectClass: organization
o: domains

dn: domainName=example.org,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: example.org
domainAliasName: alias.example
accountStatus: active
enabledService: mail
enabledService: domainalias
`)
	add := exec.Command(program, "-T", "add", "-f", filepath.Join(dir, "slapd.conf"), "-l", filepath.Join(dir, "entries.ldif"))
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := exec.Command(program, "-f", filepath.Join(dir, "slapd.conf"), "-d", "0", "-h", "ldap://"+address)
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

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
