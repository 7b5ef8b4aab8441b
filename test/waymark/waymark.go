package waymark

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// patience is a time limit that only a failure runs into.
const patience = time.Minute

var built = sync.OnceValues(build)

// Binary returns the path of Waymark, compiled as "make build" does it, once for
// each test process. It skips the test unless "make test-all" runs it.
func Binary(t testing.TB) string {
	t.Helper()
	programs.OnlyInTestAll(t, "builds and starts Waymark")
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// build leaves one binary for each checkout in the user's cache, so that nothing
// has to be removed afterwards.
func build() (string, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(string(module))
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "waymark-tests")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	binary := filepath.Join(folder, fmt.Sprintf("waymark-%x", sha256.Sum256([]byte(root))))
	// Another test process may run the binary of this name, or build it.
	unfinished := fmt.Sprintf("%s-%d", binary, os.Getpid())
	cmd := exec.Command("go", "build", "-trimpath", "-o", unfinished, "./cmd/waymark")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, os.Rename(unfinished, binary)
}

// Waymark is a running "waymark serve". It ends with the test.
type Waymark struct {
	HTTP, HTTPS, Ops string // the addresses of its listeners; "" for none
	Settings         string // the path of its settings file
	Log              programs.Log

	process *os.Process
	exited  chan error // has how it ended
	ended   bool
}

// Memory returns how much memory Waymark has in RAM, in bytes.
func (w *Waymark) Memory(t testing.TB) int64 { return w.status(t, "VmRSS") }

// PeakMemory returns the most that it ever had.
func (w *Waymark) PeakMemory(t testing.TB) int64 { return w.status(t, "VmHWM") }

// CPU returns how much time Waymark has computed.
func (w *Waymark) CPU(t testing.TB) time.Duration {
	t.Helper()
	text := textfile.Read(t, fmt.Sprintf("/proc/%d/stat", w.process.Pid))
	_, rest, _ := strings.Cut(text, ") ") // after the name of the program
	const user, perSecond = 11, 100       // position of the fields in what is left; USER_HZ
	fields := strings.Fields(rest)
	var ticks [2]int64
	for i := range ticks {
		if _, err := fmt.Sscan(fields[user+i], &ticks[i]); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	return time.Duration(ticks[0]+ticks[1]) * time.Second / perSecond
}

func (w *Waymark) status(t testing.TB, figure string) int64 {
	t.Helper()
	status := textfile.Read(t, fmt.Sprintf("/proc/%d/status", w.process.Pid))
	_, rest, _ := strings.Cut(status, "\n"+figure+":")
	var kB int64
	if _, err := fmt.Sscanf(rest, "%d kB", &kB); err != nil {
		t.Fatalf("no %s in %s", figure, status)
	}
	return kB << 10
}

// Signal sends a signal to the process.
func (w *Waymark) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := w.process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Start writes a settings file and serves it. Every listener in the text is moved
// to a free port of loopback. Variables of the environment are added to those of
// the test.
func Start(t testing.TB, settings string, env ...string) *Waymark {
	t.Helper()
	file := filepath.Join(t.TempDir(), "waymark.yaml")
	textfile.Write(t, file, OnLoopback(settings))
	return StartFile(t, file, env...)
}

var listener = regexp.MustCompile(`\blisten: "[^"]*"`)

// OnLoopback returns settings with every listener on a free port of loopback.
func OnLoopback(settings string) string {
	return listener.ReplaceAllLiteralString(settings, `listen: "127.0.0.1:0"`)
}

// StartFile is Start with a settings file that exists and is used as it is.
func StartFile(t testing.TB, file string, env ...string) *Waymark {
	t.Helper()
	w := &Waymark{Settings: file}
	cmd := exec.Command(Binary(t), "serve", "-c", file)
	cmd.Env = append(append(os.Environ(), "STATE_DIRECTORY="+t.TempDir()), env...)
	cmd.Stdout, cmd.Stderr = &w.Log, &w.Log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.process, w.exited = cmd.Process, make(chan error, 1)
	go func() { w.exited <- cmd.Wait() }()
	t.Cleanup(func() {
		w.Stop(t)
		if t.Failed() {
			t.Logf("the log of waymark serve:\n%s", &w.Log)
		}
	})
	addresses := map[string]*string{"http": &w.HTTP, "https": &w.HTTPS, "ops": &w.Ops}
	for range listener.FindAllString(textfile.Read(t, file), -1) {
		var line struct{ Listener, Address string }
		text := w.Log.Next(`"msg":"listening"`, patience)
		if err := json.Unmarshal([]byte(text), &line); err != nil || addresses[line.Listener] == nil {
			t.Fatalf("waymark serve does not listen: %q, %v", text, err)
		}
		*addresses[line.Listener] = line.Address
	}
	return w
}

// Stop ends Waymark as systemd does, and requires that it ends well. It does nothing
// if Stop or Kill did it before.
func (w *Waymark) Stop(t testing.TB) {
	t.Helper()
	if w.ended {
		return
	}
	w.ended = true
	_ = w.process.Signal(syscall.SIGTERM) // where it ended before, Wait tells how
	select {
	case err := <-w.exited:
		if err != nil {
			t.Errorf("waymark serve: %v", err)
		}
	case <-time.After(patience):
		_ = w.process.Kill()
		t.Errorf("waymark serve does not stop; killed after %s", patience)
	}
}

// Kill ends Waymark as if the machine had lost its power.
func (w *Waymark) Kill(t testing.TB) {
	t.Helper()
	w.ended = true
	if err := w.process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-w.exited; err == nil {
		t.Error("waymark serve ended before it was killed")
	}
}

// Line is an entry of the log: what the tests compare of it.
type Line struct {
	Message  string `json:"msg"`
	Protocol string
	Outcome  string
	Status   int
	Scheme   string
	Host     string
	Domain   string
	Remote   string
}

// NextRequest waits for the next request in the log.
func (w *Waymark) NextRequest(t testing.TB) Line {
	t.Helper()
	var line Line
	text := w.Log.Next(`"msg":"request"`, patience)
	if text == "" {
		t.Fatal("no further request reaches Waymark")
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return line
}

// WithoutKeys returns settings without top-level keys, each on one line.
func WithoutKeys(settings string, keys ...string) string {
	return regexp.MustCompile(`(?m)^(?:`+strings.Join(keys, "|")+`): .*\n`).ReplaceAllString(settings, "")
}
