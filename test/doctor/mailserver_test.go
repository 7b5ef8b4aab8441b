package doctor

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// mailServers is how Dovecot and Postfix differ from a healthy configuration: further
// settings, which replace earlier ones.
type mailServers struct{ dovecot, postfix string }

// start starts Dovecot and Postfix at the address of the domain, with the usual ports.
// GOOD, OTHER and ALONE are the folders of certificates for their hosts, for other hosts,
// and without the intermediate.
func (d *domain) start(t *testing.T, m mailServers, hosts ...string) {
	t.Helper()
	whole := []certtest.Party{d.intermediate}
	d.certificate(t, "GOOD", whole, hosts...)
	d.certificate(t, "ALONE", nil, hosts...)
	d.certificate(t, "OTHER", whole, "mail.example.org")
	d.startDovecot(t, m)
	d.startPostfix(t, m)
}

func (d *domain) fill(text string) string {
	return strings.NewReplacer("DIR", d.dir, "ADDRESS", d.address, "GOOD/", d.dir+"/GOOD/", "OTHER/", d.dir+"/OTHER/", "ALONE/", d.dir+"/ALONE/").Replace(text)
}

func (d *domain) at(port int) string { return net.JoinHostPort(d.address, strconv.Itoa(port)) }

func (d *domain) startDovecot(t *testing.T, m mailServers) {
	t.Helper()
	program := programs.Need(t, "dovecot", "dovecot-core")
	programs.Need(t, "/usr/lib/dovecot/imap-login", "dovecot-imapd")
	programs.Need(t, "/usr/lib/dovecot/pop3-login", "dovecot-pop3d")
	programs.NeedRoot(t, "start Dovecot, which changes between users")
	file := filepath.Join(d.dir, "dovecot.conf")
	textfile.Write(t, file, d.fill(`
base_dir = DIR/run
state_dir = DIR/state
log_path = /dev/stderr
listen = ADDRESS
protocols = imap pop3
ssl = required
ssl_cert = <GOOD/cert.pem
ssl_key = <GOOD/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/mail
}
service auth {
  unix_listener DIR/auth {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`+m.dovecot))
	cmd := exec.Command(program, "-F", "-c", file)
	server(t, cmd, func() { _ = cmd.Process.Signal(syscall.SIGTERM) }, d.at(143))
}

// startPostfix starts Postfix without a log. Its postlogd also writes to the socket that it
// reads: on a busy machine that was full, and everything waited for it without end.
func (d *domain) startPostfix(t *testing.T, m mailServers) {
	t.Helper()
	program := programs.Need(t, "postfix", "postfix")
	programs.NeedRoot(t, "start Postfix, which changes between users")
	dir := filepath.Join(d.dir, "postfix")
	for _, folder := range []string{dir, filepath.Join(dir, "queue"), filepath.Join(dir, "data")} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(dir, "data"), uid, -1); err != nil {
		t.Fatal(err)
	}
	textfile.Write(t, filepath.Join(dir, "main.cf"), d.fill(`
compatibility_level = 3.6
queue_directory = DIR/postfix/queue
data_directory = DIR/postfix/data
myhostname = smtp.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_tls_chain_files = GOOD/key.pem, GOOD/cert.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`+m.postfix))
	textfile.Write(t, filepath.Join(dir, "master.cf"), d.fill(`
ADDRESS:587 inet n - n - - smtpd
ADDRESS:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup    unix n - n 60   1 pickup
cleanup   unix n - n -    0 cleanup
qmgr      unix n - n 300  1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
`))
	stop := func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if out, err := exec.CommandContext(ctx, program, "-c", dir, "stop").CombinedOutput(); err != nil {
			t.Errorf("postfix stop: %v\n%s", err, out)
		}
	}
	server(t, exec.Command(program, "-c", dir, "start-fg"), stop, d.at(587), d.at(465))
}
