package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/doctor"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/dnstest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/waymark"
)

// patience is a time limit that only a failure runs into.
const patience = time.Minute

// domain is example.com on this machine: its records, and the authority that its
// servers are trusted by.
type domain struct {
	zone         string
	intermediate certtest.Party
	roots        string            // the file with the root
	dir          string            // for the files of its servers
	address      string            // of the mail servers, which have their usual ports
	connect      map[string]string // from "host:port" to where that listens
}

// addresses counts the addresses that this process has used.
var addresses atomic.Uint32

func newDomain(t *testing.T) *domain {
	t.Helper()
	dir, err := os.MkdirTemp("", "doctor") //nolint:usetesting // that of the test has a long name, and a socket may not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for the users that servers run as
		t.Fatal(err)
	}
	root := certtest.Authority("Test Root", nil)
	pid := os.Getpid()
	d := &domain{
		intermediate: certtest.Authority("Test Intermediate", &root), roots: root.WriteCert(t, dir, "roots.pem"), dir: dir,
		address: fmt.Sprintf("127.%d.%d.%d", 10+pid>>8%200, pid%256, addresses.Add(1)%250+2), connect: map[string]string{},
	}
	d.zone = strings.ReplaceAll(`
example.com.        IN MX  10 mx.example.com.
example.com.        IN TXT "v=spf1 mx -all"
example.com.        IN CAA 0 issue "ca.example"
mx.example.com.     IN A   ADDRESS
imap.example.com.   IN A   ADDRESS
smtp.example.com.   IN A   ADDRESS
_dmarc.example.com. IN TXT "v=DMARC1; p=reject"
`, "ADDRESS", d.address)
	return d
}

// certificate writes a certificate for hosts and its key into a new folder.
func (d *domain) certificate(t *testing.T, name string, above []certtest.Party, hosts ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(d.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.intermediate.Server(hosts...).Write(t, dir, above...)
	return dir
}

// examined runs "waymark doctor" until it has exactly these findings, each as its id and
// place, and returns its report. A busy machine may make a server slow, so a report that
// differs counts only when it does so for a minute.
func (d *domain) examined(t *testing.T, want ...string) doctor.Report {
	t.Helper()
	names := dnstest.Start(t, d.zone)
	slices.Sort(want)
	for begin := time.Now(); ; {
		report := d.examine(t, names.Addr.String())
		var found []string
		for _, f := range report.Findings {
			found = append(found, f.ID+" "+f.Where)
		}
		if slices.Sort(found); slices.Equal(found, want) {
			return report
		}
		if time.Since(begin) > patience {
			for _, f := range report.Findings {
				if !slices.Contains(want, f.ID+" "+f.Where) {
					t.Errorf("found %+v", f)
				}
			}
			for _, w := range want {
				if !slices.Contains(found, w) {
					t.Errorf("did not find %s", w)
				}
			}
			return report
		}
	}
}

func (d *domain) examine(t *testing.T, resolver string) (report doctor.Report) {
	t.Helper()
	args := []string{"doctor", "example.com", "-o", "json", "--resolver", resolver, "--roots", d.roots, "--allow-private", "--timeout", "2m"}
	for at, to := range d.connect {
		args = append(args, "--connect-to", at+":"+to)
	}
	out, err := exec.Command(waymark.Binary(t), args...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("waymark doctor: %v", err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if (err == nil) != report.Healthy() {
		t.Errorf("the exit status is %v, and healthy is %v", err, report.Healthy())
	}
	return report
}

// server starts a program that stays in the foreground, and waits until it listens at
// all addresses. stop ends it, for one that does not end by a signal.
func server(t *testing.T, cmd *exec.Cmd, stop func(), addresses ...string) {
	t.Helper()
	var log programs.Log
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = patience // a child may keep the log open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its status is that of the signal
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("%s does not stop", cmd)
		}
		if t.Failed() {
			t.Logf("the log of %s:\n%s", cmd, &log)
		}
	})
	for begin := time.Now(); len(addresses) > 0; {
		conn, err := net.DialTimeout("tcp", addresses[0], patience)
		if err == nil {
			_ = conn.Close()
			addresses = addresses[1:]
			continue
		}
		select {
		case <-ended:
			t.Fatalf("%s ended", cmd)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(begin) > patience {
			t.Fatalf("%s does not listen: %v", cmd, err)
		}
	}
}
