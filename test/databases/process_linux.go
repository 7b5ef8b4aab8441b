package databases

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
)

// account is the user under whom a server runs: database servers refuse root.
// It is nil when the tests do not run as root.
type account struct{ uid, gid int }

func findAccount(t testing.TB, names ...string) *account {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil {
			return &account{uid, gid}
		}
	}
	t.Fatalf("a database server refuses to run as root, and none of the users %s exists", strings.Join(names, ", "))
	return nil
}

// directory makes a directory that belongs to the account, which may pass
// through those above it as far as they are the test's own.
func (a *account) directory(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	if a == nil {
		return nil
	}
	for up := filepath.Dir(path); up != filepath.Clean(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o711); err != nil {
			return err
		}
	}
	return os.Chown(path, a.uid, a.gid)
}

func (a *account) file(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil || a == nil {
		return err
	}
	return os.Chown(path, a.uid, a.gid)
}

const certFile, keyFile = "server.pem", "server.key"

// write writes the certificate and its key, if there is one.
func (c Certificate) write(a *account, home string) error {
	if c.Cert == nil {
		return nil
	}
	return errors.Join(a.file(filepath.Join(home, certFile), string(c.Cert)), a.file(filepath.Join(home, keyFile), string(c.Key)))
}

// command is a program under the account. The kernel ends it when the tests
// end in whatever way, so that nothing is left behind.
func (a *account) command(dir, path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + dir, "TMPDIR=" + dir, "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// run runs a program to its end.
func (a *account) run(dir, path string, args ...string) error {
	if out, err := a.command(dir, path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", path, err, out)
	}
	return nil
}

// process is a program that runs.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// start runs a program until its log holds the text ready.
func (a *account) start(ready, dir, path string, args ...string) (*process, error) {
	cmd := a.command(dir, path, args...)
	log := &programs.Log{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it was killed
		close(p.ended)
	}()
	for begin := time.Now(); log.Next(ready, 100*time.Millisecond) == ""; {
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended:\n%s", path, log)
		default:
		}
		if time.Since(begin) > startLimit {
			p.end(syscall.SIGKILL)
			return nil, fmt.Errorf("%s is not ready after %s:\n%s", path, startLimit, log)
		}
	}
	return p, nil
}

// end sends a signal and waits for the process to be gone.
func (p *process) end(signal os.Signal) {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-p.ended
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
