package passwordcheck

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/programs"
)

// port is the listener of a protocol.
type port struct {
	protocol settings.Protocol
	security settings.Security
}

// realPassword has every difficult character that a passwd-file allows.
const realPassword = `p"a\s{5} %swörd 🔑`

// dovecot starts Dovecot with the user anna@example.com and realPassword. It
// offers every protocol with implicit TLS and with STARTTLS. stop stops it and
// returns its log; the end of the test calls it, too.
func dovecot(t *testing.T) (ports map[port]uint16, stop func() string) {
	t.Helper()
	program := programs.Need(t, "dovecot", "dovecot-core")
	programs.Need(t, "/usr/lib/dovecot/imap-login", "dovecot-imapd")
	programs.Need(t, "/usr/lib/dovecot/pop3-login", "dovecot-pop3d")
	programs.Need(t, "/usr/lib/dovecot/submission-login", "dovecot-submissiond")
	programs.NeedRoot(t, "start Dovecot, which changes between users")
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // for the users that Dovecot runs as
		t.Fatal(err)
	}
	ports = freePorts(t)
	cert := trusted().good
	key, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})), 0o644)
	write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key})), 0o600)
	write("users", "anna@example.com:{PLAIN}"+realPassword+"\n", 0o644)
	var listeners strings.Builder
	for _, p := range []settings.Protocol{settings.IMAP, settings.POP3, settings.Submission} {
		tlsName := map[settings.Protocol]string{settings.IMAP: "imaps", settings.POP3: "pop3s", settings.Submission: "submissions"}[p]
		fmt.Fprintf(&listeners, "service %[1]s-login {\n inet_listener %[1]s {\n port = %[2]d\n }\n inet_listener %[3]s {\n port = %[4]d\n ssl = yes\n }\n}\n",
			p, ports[port{p, settings.STARTTLS}], tlsName, ports[port{p, settings.TLS}])
	}
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "mail"), 0o777); err != nil {
		t.Fatal(err)
	}
	write("dovecot.conf", strings.ReplaceAll(`
base_dir = DIR/run
state_dir = DIR/state
log_path = /dev/stderr
listen = 127.0.0.1
hostname = localhost
protocols = imap pop3 submission
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
# The password may contain a colon.
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u DIR/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/mail/%u
}
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
# Do not query a relay for its capabilities.
submission_relay_host = 127.0.0.1
submission_relay_port = 1
submission_backend_capabilities = 8BITMIME
# Trust the address of the visitor that the client sends.
login_trusted_networks = 127.0.0.0/8
# Do not delay a client after failures: all of them are from this test.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`, "DIR", dir)+listeners.String(), 0o644)

	cmd := exec.Command(program, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan string, 1)
	go func() {
		var all strings.Builder
		waiting := true
		for lines := bufio.NewScanner(log); lines.Scan(); {
			fmt.Fprintln(&all, lines.Text())
			if waiting && strings.Contains(lines.Text(), "starting up for ") {
				close(ready)
				waiting = false
			}
		}
		ended <- all.String()
	}()
	stop = sync.OnceValue(func() string {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		said := <-ended
		_ = cmd.Wait() // its status is that of SIGTERM
		return said
	})
	t.Cleanup(func() {
		if said := stop(); t.Failed() {
			t.Logf("the log of Dovecot:\n%s", said)
		}
	})
	select {
	case <-ready:
	case said := <-ended:
		ended <- said
		t.Fatal("Dovecot did not start")
	case <-time.After(30 * time.Second):
		t.Fatal("Dovecot is not ready after 30 s")
	}
	return ports, stop
}

// freePorts returns a port for each protocol and each way to encrypt it.
func freePorts(t *testing.T) map[port]uint16 {
	t.Helper()
	ports := map[port]uint16{}
	for _, protocol := range []settings.Protocol{settings.IMAP, settings.POP3, settings.Submission} {
		for _, security := range []settings.Security{settings.TLS, settings.STARTTLS} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }() // only at the end, so that no two are the same
			ports[port{protocol, security}] = uint16(l.Addr().(*net.TCPAddr).Port)
		}
	}
	return ports
}

func TestDovecot(t *testing.T) {
	ports, stop := dovecot(t)
	c := New(Options{RootCAs: trusted().roots, AllowPrivate: true})
	at := func(p settings.Protocol, s settings.Security) settings.Service {
		svc := service(p, s)
		svc.Host, svc.Port = "localhost", ports[port{p, s}]
		return svc
	}
	try := func(c *Checker, svc settings.Service, login, password string) (Verdict, error) {
		return c.try(t.Context(), attempt{svc, login, password, visitor})
	}
	var all sync.WaitGroup // concurrent, because Dovecot delays rejections
	for p := range ports {
		for _, tc := range []struct {
			name, login, password string
			want                  Verdict
		}{
			{"right", "anna@example.com", realPassword, Right},
			{"wrong", "anna@example.com", realPassword + " ", Wrong},
			{"no such mailbox", "berta@example.com", realPassword, Wrong},
			{"long", "anna@example.com", strings.Repeat("x", maxPassword), Wrong},
		} {
			all.Go(func() {
				if got, err := try(c, at(p.protocol, p.security), tc.login, tc.password); got != tc.want {
					t.Errorf("%s by %s, %s: got %q, %v; want %q", p.protocol, p.security, tc.name, got, err, tc.want)
				}
			})
		}
	}
	for password, want := range map[string]Verdict{realPassword: Right, "secret": Wrong} {
		all.Go(func() {
			if got := c.Verify(t.Context(), mailbox(at(settings.IMAP, settings.STARTTLS)), password, visitor); got != want {
				t.Errorf("%q by Verify: got %q, want %q", password, got, want)
			}
		})
	}
	all.Wait()

	got, err := try(New(Options{AllowPrivate: true}), at(settings.IMAP, settings.TLS), "anna@example.com", realPassword)
	var unknown x509.UnknownAuthorityError
	if got != Unreachable || !errors.As(err, &unknown) {
		t.Errorf("a certificate of an authority that the system does not know: got %q, %v", got, err)
	}

	said := stop()
	if strings.Contains(said, realPassword) {
		t.Error("the password is in Dovecot's log")
	}
	if !strings.Contains(said, "auth failed, 1 attempts") || !strings.Contains(said, "rip="+visitor.String()) {
		t.Errorf("Dovecot does not blame the visitor for wrong passwords:\n%s", said)
	}
}
