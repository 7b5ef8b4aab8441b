package proxies

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// settingsFile is examples/selfhosted.yaml, which is for a machine with a web
// server in front. Only its addresses are put elsewhere, a client is soon told
// that it asks too often, and ::1 is a client like any other.
func settingsFile(t *testing.T) string {
	t.Helper()
	return rewritten(t, filepath.Join("..", "..", "examples", "selfhosted.yaml"), map[string]string{
		`listen: ":8080"`:          `listen: "127.0.0.1:0"`,
		`127.0.0.1:9090`:           `127.0.0.1:0`,
		`requests_per_minute: 120`: `requests_per_minute: 30`,
		`[127.0.0.1, "::1"]`:       `[127.0.0.1]`,
	})
}

// rewritten returns the path of a copy of a file in which each old text is
// replaced. A text that is not there is a mistake in the test.
func rewritten(t *testing.T, path string, replace map[string]string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for old, with := range replace {
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q to replace", path, old)
		}
		text = strings.ReplaceAll(text, old, with)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// build returns the path of the real binary.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "waymark")
	cmd := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/waymark") // as "make build" does
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// logged is what a line of Waymark's log says.
type logged struct {
	Message  string `json:"msg"`
	Listener string `json:"listener"`
	Address  string `json:"address"`
	Protocol string `json:"protocol"`
	Outcome  string `json:"outcome"`
	Status   int    `json:"status"`
	Scheme   string `json:"scheme"`
	Host     string `json:"host"`
	Domain   string `json:"domain"`
	Remote   string `json:"remote"`
}

// waymark is the real program, running on loopback.
type waymark struct {
	address  string
	requests chan logged // one for each request that reached it
}

func startWaymark(t *testing.T, binary string) *waymark {
	t.Helper()
	cmd := exec.Command(binary, "serve", "-c", settingsFile(t))
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+t.TempDir())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	run(t, cmd, syscall.SIGTERM)
	w := &waymark{requests: make(chan logged, 1000)}
	address := make(chan string, 1)
	go readLog(stderr, address, w.requests)
	select {
	case w.address = <-address:
	case <-time.After(patience):
		t.Fatal("waymark does not say where it listens")
	}
	return w
}

func readLog(stderr io.Reader, address chan<- string, requests chan<- logged) {
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var line logged
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		switch {
		case line.Message == "listening" && line.Listener == "http":
			address <- line.Address
		case line.Message == "request":
			requests <- line
		}
	}
}

// run starts a program and ends it, by its process alone, when the test ends.
func run(t *testing.T, cmd *exec.Cmd, stop os.Signal) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(stop); err != nil {
			t.Errorf("%s is gone: %v", cmd.Path, err)
		}
		_ = cmd.Wait() // a proxy that is told to stop may say so by its status
	})
}
