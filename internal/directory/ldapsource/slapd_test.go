//go:build unix

package ldapsource

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// slapd is an OpenLDAP server of our own, on loopback and in a temporary
// directory.
type slapd struct {
	t              testing.TB
	program, dir   string
	plain, secured string // host:port
	cmd            *exec.Cmd

	mu     sync.Mutex
	log    []string
	logged chan struct{} // closed at the end of the log
}

// The entries of iRedMail that a lookup sees, in a schema of their names.
const schema = `
attributetype (1.1.2.1.1 NAME 'domainName' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.2 NAME 'domainAliasName' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.3 NAME 'accountStatus' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.4 NAME 'enabledService' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.5 NAME 'domainBackupMX' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.6 NAME 'shadowAddress' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26)
attributetype (1.1.2.1.7 NAME 'uPNSuffixes' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.1.2.1.8 NAME 'dnsRoot' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15)
attributetype (1.1.2.1.9 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE)
attributetype (1.1.2.1.10 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE)
objectclass (1.1.2.2.3 NAME 'crossRefContainer' SUP top STRUCTURAL MUST cn MAY uPNSuffixes)
objectclass (1.1.2.2.4 NAME 'crossRef' SUP top STRUCTURAL MUST (cn $ dnsRoot))
objectclass (1.1.2.2.5 NAME 'container' SUP top STRUCTURAL MUST cn)
objectclass (1.1.2.2.6 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY (userPrincipalName $ userAccountControl))
objectclass (1.1.2.2.1 NAME 'mailDomain' SUP top STRUCTURAL MUST domainName MAY (domainAliasName $ accountStatus $ enabledService $ domainBackupMX $ cn))
objectclass (1.1.2.2.2 NAME 'mailUser' SUP top AUXILIARY MUST mail MAY (shadowAddress $ accountStatus $ enabledService))
`

const (
	reader         = "cn=waymark,dc=example,dc=com"
	readerPassword = "reader's password"
	limited        = "cn=limited,dc=example,dc=com"
)

const configuration = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include DIR/iredmail.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile DIR/slapd.pid
TLSCACertificateFile DIR/ca.pem
TLSCertificateFile DIR/server.pem
TLSCertificateKeyFile DIR/server.key
TLSVerifyClient never
EXTRA
database mdb
suffix dc=example,dc=com
rootdn cn=root,dc=example,dc=com
directory DIR/db
index domainName,domainAliasName,mail,shadowAddress eq
limits dn.exact="cn=limited,dc=example,dc=com" size.unchecked=1
access to attrs=userPassword by anonymous auth
access to dn.subtree="ou=hidden,dc=example,dc=com" by * none
access to * by * read
`

const entries = `dn: dc=example,dc=com
objectClass: domain
dc: example

dn: cn=waymark,dc=example,dc=com
objectClass: person
cn: waymark
sn: waymark
userPassword: reader's password

dn: cn=limited,dc=example,dc=com
objectClass: person
cn: limited
sn: limited
userPassword: reader's password

dn: ou=hidden,dc=example,dc=com
objectClass: organizationalUnit
ou: hidden

dn: o=domains,dc=example,dc=com
objectClass: organization
o: domains

dn: domainName=customer.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: customer.example
domainAliasName: alias.example
domainAliasName: xn--bcher-kva.example
accountStatus: active
enabledService: mail
enabledService: domainalias

dn: domainName=noalias.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: noalias.example
domainAliasName: aliasservice-off.example
accountStatus: active
enabledService: mail

dn: domainName=off.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: off.example
accountStatus: disabled
enabledService: mail

dn: domainName=backup.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: backup.example
accountStatus: active
enabledService: mail
domainBackupMX: yes

dn: domainName=nomail.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: nomail.example
accountStatus: active
enabledService: chat

dn: domainName=twice.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: twice.example
domainAliasName: shared.example
accountStatus: active
enabledService: mail
enabledService: domainalias

dn: domainName=again.example,o=domains,dc=example,dc=com
objectClass: mailDomain
domainName: again.example
domainAliasName: shared.example
accountStatus: active
enabledService: mail
enabledService: domainalias

dn: mail=anna@customer.example,domainName=customer.example,o=domains,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: mailUser
mail: anna@customer.example
shadowAddress: anna@alias.example
cn: Anna
sn: Anna
uid: anna
accountStatus: active
enabledService: mail
enabledService: shadowaddress

dn: mail=ben@customer.example,domainName=customer.example,o=domains,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: mailUser
mail: ben@customer.example
shadowAddress: ben@alias.example
cn: Ben
sn: Ben
uid: ben
accountStatus: disabled
enabledService: mail
enabledService: shadowaddress

dn: mail=cleo@customer.example,domainName=customer.example,o=domains,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: mailUser
mail: cleo@customer.example
shadowAddress: cleo@alias.example
cn: Cleo
sn: Cleo
uid: cleo
accountStatus: active
enabledService: mail

dn: ou=customers,dc=example,dc=com
objectClass: organizationalUnit
ou: customers

dn: ou=bücher.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
objectClass: extensibleObject
ou: bücher.example
businessCategory: hoster
description: imap.bücher.example
employeeNumber: 1993
l: Books

dn: ou=brand.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
objectClass: extensibleObject
ou: brand.example
labeledURI: https://help.example.net/mail
homePostalAddress: https://webmail.{domain}/
description: #0B57D0
audio:: iVBORw0KGgoA/w==

dn: ou=several.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
objectClass: extensibleObject
ou: several.example
businessCategory: hoster
businessCategory: other

dn: ou=same.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
objectClass: extensibleObject
ou: same.example
description;lang-de: not asked for
description: mail.same.example

dn: ou=wrong.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
objectClass: extensibleObject
ou: wrong.example
employeeNumber: 99999

dn: ou=long.example,ou=customers,dc=example,dc=com
objectClass: organizationalUnit
ou: long.example
description: ` // and very long

// activeDirectory has the entries of an Active Directory whose own domain is
// corp.example.com. Bit 2 of userAccountControl marks a disabled user.
const activeDirectory = `
dn: cn=Configuration,dc=example,dc=com
objectClass: container
cn: Configuration

dn: cn=Partitions,cn=Configuration,dc=example,dc=com
objectClass: crossRefContainer
cn: Partitions
uPNSuffixes: example.com
uPNSuffixes: example.net

dn: cn=CORP,cn=Partitions,cn=Configuration,dc=example,dc=com
objectClass: crossRef
cn: CORP
dnsRoot: corp.example.com

dn: ou=Staff,dc=example,dc=com
objectClass: organizationalUnit
ou: Staff

dn: cn=Anna,ou=Staff,dc=example,dc=com
objectClass: user
cn: Anna
sn: Anna
mail: anna@example.com
userPrincipalName: anna@corp.example.com
userAccountControl: 512

dn: cn=Ben,ou=Staff,dc=example,dc=com
objectClass: user
cn: Ben
sn: Ben
mail: ben@example.com
userPrincipalName: ben@corp.example.com
userAccountControl: 514
`

// flatTree returns the entries of a server without entries for domains: all
// mailboxes are side by side. The mailboxes of mixed.example are on two hosts.
func flatTree() string {
	tree := "\ndn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n"
	person := func(uid, domain, host string) {
		tree += fmt.Sprintf(`
dn: uid=%[1]s,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: %[1]s
sn: %[1]s
uid: %[1]s
mail: %[1]s@%[2]s
mail: %[1]s@alias-of-%[2]s
description: %[3]s
`, uid, domain, host)
	}
	for i := range 3 * maxEntries {
		person(fmt.Sprintf("user%d", i), "flat.example", "mail1.example.net")
	}
	person("one", "mixed.example", "mail1.example.net")
	person("two", "mixed.example", "mail2.example.net")
	return tree
}

// crowd returns the entries of domains for tests of the load: those of customers, and
// those that cannot be used.
func crowd() string {
	tree := "\ndn: ou=crowd,dc=example,dc=com\nobjectClass: organizationalUnit\nou: crowd\n"
	for i := range 200 {
		for name, host := range map[string]string{"customer": "imap.example.net", "row": "not a host"} {
			domain := fmt.Sprintf("%s%d.example", name, i)
			tree += fmt.Sprintf("\ndn: domainName=%[1]s,ou=crowd,dc=example,dc=com\nobjectClass: mailDomain\ndomainName: %[1]s\ncn: %[2]s\n", domain, host)
		}
	}
	return tree
}

// newSlapd starts a server. extra goes into its configuration.
func newSlapd(t testing.TB, extra string) *slapd {
	t.Helper()
	program := programs.Need(t, "slapd", "slapd")
	s := &slapd{t: t, program: program, dir: t.TempDir()}
	s.certify()
	s.write("iredmail.schema", schema)
	s.write("entries.ldif", entries+strings.Repeat("x", 2*maxAnswer)+"\n"+flatTree()+activeDirectory+crowd()+broken())
	s.write("slapd.conf", strings.NewReplacer("DIR", s.dir, "EXTRA", extra).Replace(configuration))
	if err := os.Mkdir(filepath.Join(s.dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	add := exec.Command(program, "-T", "add", "-f", s.path("slapd.conf"), "-l", s.path("entries.ldif"))
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(s.stop)
	var err error
	for range 3 { // another program may take the free ports first
		s.plain, s.secured = "127.0.0.1:"+programs.FreePort(t), "127.0.0.1:"+programs.FreePort(t)
		if err = s.try(); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func (s *slapd) path(name string) string { return filepath.Join(s.dir, name) }

func (s *slapd) socket() string { return "ldapi://" + url.PathEscape(s.path("ldapi")) }

func (s *slapd) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// certify makes an authority, and a certificate of it for 127.0.0.1.
func (s *slapd) certify() {
	s.t.Helper()
	authority := certtest.Authority("Test Root", nil)
	server := authority.Server("127.0.0.1")
	s.write("ca.pem", string(authority.CertPEM()))
	s.write("server.pem", string(server.CertPEM()))
	s.write("server.key", string(server.KeyPEM()))
}

// start starts a server that was stopped, on the ports that it had.
func (s *slapd) start() {
	s.t.Helper()
	if err := s.try(); err != nil {
		s.t.Fatal(err)
	}
}

// try returns when the server takes connections.
func (s *slapd) try() error {
	s.cmd = exec.Command(s.program, "-f", s.path("slapd.conf"), "-d", "stats",
		"-h", fmt.Sprintf("ldap://%s ldaps://%s %s", s.plain, s.secured, s.socket()))
	out, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.logged = make(chan struct{})
	go func() {
		defer close(s.logged)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.mu.Lock()
			s.log = append(s.log, lines.Text())
			s.mu.Unlock()
		}
	}()
	// It logs its start before it listens.
	for {
		if c, err := net.Dial("tcp", s.plain); err == nil {
			_ = c.Close()
			return nil
		}
		select {
		case <-s.logged:
			_ = s.cmd.Wait() // the log says why
			s.cmd = nil
			return fmt.Errorf("slapd did not start:\n%s", strings.Join(s.log, "\n"))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop ends the server as a crash would. Nothing is missing in the log then.
func (s *slapd) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may be gone already
	<-s.logged
	_ = s.cmd.Wait() // its status is that of SIGKILL
	s.cmd = nil
}

// pause keeps the server from answering, until resume.
func (s *slapd) pause() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	// The signal is on its way; this waits until it stopped the server.
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(s.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		s.t.Fatalf("slapd did not stop: %v, %v", status, err)
	}
}

func (s *slapd) resume() { s.signal(syscall.SIGCONT) }

func (s *slapd) signal(what os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(what); err != nil {
		s.t.Fatal(err)
	}
}

// count returns how many lines of the log hold a text.
func (s *slapd) count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.log {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
