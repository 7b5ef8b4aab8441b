//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// TestMain is waymark itself when a test starts it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("WAYMARK_TEST_PROCESS") != "" {
		os.Exit(mainWithStatus())
	}
	os.Exit(m.Run())
}

// process is a running waymark serve.
type process struct {
	t           *testing.T
	cmd         *exec.Cmd
	public, ops string
	dir         string
	ended       chan error
}

// serveAsProcess starts waymark serve with settings, its log on stderr.
func serveAsProcess(t *testing.T, settings string, stderr *os.File) *process {
	t.Helper()
	p := &process{t: t, public: "127.0.0.1:" + programs.FreePort(t), ops: "127.0.0.1:" + programs.FreePort(t), dir: t.TempDir(), ended: make(chan error, 1)}
	p.write("waymark.yaml", p.listeners()+settings)
	p.cmd = exec.Command(os.Args[0], "serve", "-c", filepath.Join(p.dir, "waymark.yaml"))
	p.cmd.Env = append(os.Environ(), "WAYMARK_TEST_PROCESS=1")
	p.cmd.Stderr = stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.eventually("ready", func() bool { return p.get(p.ops, "/readyz") == nil })
	return p
}

func (p *process) listeners() string {
	return fmt.Sprintf("listen: %q\nops: {listen: %q, pprof: true}\nstate_dir: state\n", p.public, p.ops)
}

func (p *process) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// get returns an error unless a path answers 200 within five seconds.
func (p *process) get(address, path string) error {
	_, err := p.body(address, path)
	return err
}

func (p *process) body(address, path string) (string, error) {
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + address + path)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return string(body), err
}

// metric returns the line of a metric without labels.
func (p *process) metric(name string) string {
	p.t.Helper()
	page, err := p.body(p.ops, "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	p.t.Fatalf("there is no metric %s", name)
	return ""
}

func (p *process) eventually(what string, is func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-p.ended:
			p.t.Fatalf("ended before it was %s: %v", what, err)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("never %s", what)
		}
	}
}

// terminate sends SIGTERM and waits for the process to end well.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("ended with %v", err)
		}
	case <-time.After(time.Minute):
		p.t.Error("SIGTERM does not end the process")
	}
}

const configPath = "/mail/config-v1.1.xml?emailaddress=anna@example.com"

// TestLogThatNobodyReads sends many more requests than a pipe, which no process
// reads, has room for lines. All are answered, and SIGTERM works.
func TestLogThatNobodyReads(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = read.Close(), write.Close() }()
	p := serveAsProcess(t, "limits: {requests_per_minute: 0}\n"+good, write)
	const requests = 8000
	for i := range requests {
		if err := p.get(p.public, configPath); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if err := p.get(p.ops, "/healthz"); err != nil {
		t.Error(err)
	}
	if dropped := p.metric("waymark_log_lines_dropped_total"); dropped == "0" {
		t.Error("no dropped line was counted")
	} else {
		t.Logf("%d requests answered, %s lines dropped", requests, dropped)
	}
	p.terminate()
}

// TestLogReaderThatWentAway closes the other end of the log's pipe.
func TestLogReaderThatWentAway(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = write.Close() }()
	p := serveAsProcess(t, good, write)
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := p.get(p.public, configPath); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // longer than a line is kept in memory
	}
	p.terminate()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// reload posts to /-/reload and returns when it has answered.
func (p *process) reload() {
	p.t.Helper()
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Post("http://"+p.ops+"/-/reload", "", nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	_ = resp.Body.Close()
}

// TestFilesThatBlock replaces each kind of file that the settings name, and the
// settings themselves, with a pipe that nobody writes to. A reload fails, the
// service goes on, and SIGTERM ends it.
func TestFilesThatBlock(t *testing.T) {
	for _, name := range []string{"name", "waymark.yaml", "cert.pem", "key.pem"} {
		t.Run(name, func(t *testing.T) {
			log, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = log.Close() }()
			keys := t.TempDir()
			certtest.Certify("signer", certtest.NewKey(), nil).Write(t, keys)
			if err := os.WriteFile(filepath.Join(keys, "name"), []byte("A name\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			settings := fmt.Sprintf("signing: {cert_file: %s/cert.pem, key_file: %s/key.pem}\n", keys, keys) +
				strings.Replace(good, "  one:\n", fmt.Sprintf("  one:\n    name: ${file:%s/name}\n", keys), 1)
			p := serveAsProcess(t, settings, log)
			path := filepath.Join(keys, name)
			if name == "waymark.yaml" {
				path = filepath.Join(p.dir, name)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			p.signal(syscall.SIGHUP)
			p.reload()
			for _, at := range []struct{ address, path string }{{p.public, configPath}, {p.ops, "/healthz"}, {p.ops, "/readyz"}} {
				if err := p.get(at.address, at.path); err != nil {
					t.Error(err)
				}
			}
			p.terminate()
			if text, err := os.ReadFile(log.Name()); err != nil || !strings.Contains(string(text), "is a pipe, not a regular file") {
				t.Errorf("the log does not name the reason: %v\n%s", err, text)
			}
		})
	}
}

// TestCheckOfFilesThatBlock runs check on settings whose files never end, or
// never begin.
func TestCheckOfFilesThatBlock(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe:        "is a pipe, not a regular file",
		"/dev/zero": "is a device, not a regular file",
		dir:         "is a directory, not a regular file",
	} {
		for _, settings := range []string{
			strings.Replace(good, "  one:\n", "  one:\n    name: ${file:"+path+"}\n", 1),
			"signing: {cert_file: " + path + ", key_file: " + path + "}\n" + good,
			"tls: {cert_file: " + path + ", key_file: " + path + "}\n" + good,
			"pages: {url: \"https://a.example\", keys: [\"${file:" + path + "}\"]}\n" + good,
			strings.Replace(good, "domains:", "directory:\n  - {source: ldap, url: \"ldaps://127.0.0.1:1\", base_dn: dc=example, preset: iredmail, ca_file: "+path+", provider: one}\ndomains:", 1),
		} {
			if _, stdout, stderr := waymark(t, "check", file(t, "waymark.yaml", settings)); !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q in\n%s%s\nof\n%s", path, want, stdout, stderr, settings)
			}
		}
		for _, args := range [][]string{
			{"check", path},
			{"render", "autoconfig", "anna@example.com", "-c", path},
			{"verify", path},
			{"verify", path, "--ca-file", path},
			{"import", "autodiscover-email-settings", path},
			{"import", "ispdb", path},
			{"import", "automx2", path},
		} {
			if path == dir && args[1] == "ispdb" {
				continue // which reads the files in it
			}
			status, stdout, stderr := waymark(t, args...)
			if status == statusFine || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%v: status %d, no %q in\n%s%s", args, status, want, stdout, stderr)
			}
		}
	}
}

// TestReloadThatTakesTooMuchMemory makes the settings larger than the memory limit
// of a running process allows. The old ones stay.
func TestReloadThatTakesTooMuchMemory(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	t.Setenv("GOMEMLIMIT", "64MiB")
	p := serveAsProcess(t, good, log)
	p.write("waymark.yaml", p.listeners()+good+strings.Repeat("  customer.example: {provider: one}\n", 100_000))
	p.reload()
	if err := p.get(p.public, configPath); err != nil {
		t.Error(err)
	}
	if got := p.metric("waymark_config_last_reload_successful"); got != "0" {
		t.Errorf("the reload succeeded: %s", got)
	}
	p.terminate()
	text, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"memory_limit":67108864`, "and at most 48 MiB are allowed; raise the memory limit of the process"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestReplacedSettingsLeaveTheMemory reloads the settings of many domains with services of
// their own. Those that are no longer in use must not stay in memory.
func TestReplacedSettingsLeaveTheMemory(t *testing.T) {
	var settings strings.Builder
	settings.WriteString("providers: {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}\ndomains:\n")
	for i := range 8_000 {
		fmt.Fprintf(&settings, "  d%d.example: {provider: p, services: [{protocol: imap, host: imap.d%d.example}]}\n", i, i)
	}
	p := serveAsProcess(t, settings.String(), os.Stderr)
	held := func() float64 {
		if _, err := p.body(p.ops, "/debug/pprof/heap?gc=1"); err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseFloat(p.metric("go_memstats_heap_alloc_bytes"), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	begin := held()
	for range 2 {
		p.reload()
	}
	p.eventually("as small as before", func() bool { return held() < 1.3*begin })
	p.terminate()
}
