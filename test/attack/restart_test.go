package attack

import (
	"context"
	"crypto/tls"
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

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// instance is a Waymark that serves sockets which this process holds, as systemd does.
type instance struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  programs.Log
	done chan error
}

// serveSockets starts Waymark and returns when it accepts connections.
func serveSockets(t *testing.T, settings string, sockets map[string]*os.File) *instance {
	t.Helper()
	// The variable names the process itself, which the shell becomes.
	i := &instance{t: t, done: make(chan error, 1), cmd: exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, waymark.Binary(t), "serve", "-c", settings)}
	var names []string
	for name, socket := range sockets {
		names = append(names, name)
		i.cmd.ExtraFiles = append(i.cmd.ExtraFiles, socket)
	}
	i.cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+filepath.Dir(settings),
		fmt.Sprintf("LISTEN_FDS=%d", len(names)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	i.cmd.Stderr = &i.log
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { i.done <- i.cmd.Wait() }()
	t.Cleanup(func() { _ = i.cmd.Process.Kill() })
	for range sockets {
		if i.log.Next(`"msg":"listening"`, time.Minute) == "" {
			t.Fatalf("Waymark does not start:\n%s", &i.log)
		}
	}
	return i
}

// stop sends SIGTERM and waits for a clean end.
func (i *instance) stop() {
	i.t.Helper()
	begun := time.Now()
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		i.t.Fatal(err)
	}
	if err := <-i.done; err != nil {
		i.t.Fatalf("%v\n%s", err, &i.log)
	}
	if took := time.Since(begun); took > 30*time.Second {
		i.t.Errorf("a stop takes %s", took)
	}
}

// TestRestarts restarts Waymark again and again under load, with the sockets handed
// over. Clients that never repeat a request lose none.
func TestRestarts(t *testing.T) {
	const restarts = 6
	for _, tc := range []struct {
		name     string
		newFirst bool
	}{{"the old process stops first, as with systemd", false}, {"the new process starts first", true}} {
		t.Run(tc.name, func(t *testing.T) {
			authority := certtest.Authority("Restarts", nil)
			dir := t.TempDir()
			cert, key := authority.Server("127.0.0.1").Write(t, dir)
			settings := filepath.Join(dir, "waymark.yaml")
			textfile.Write(t, settings, fmt.Sprintf("ops: {listen: off}\ntls: {cert_file: %q, key_file: %q}\n", cert, key)+provider)
			sockets, address := map[string]*os.File{}, map[string]string{}
			for _, name := range []string{"http", "https"} {
				l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				if sockets[name], err = l.File(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = sockets[name].Close() })
				address[name] = l.Addr().String()
			}
			current := serveSockets(t, settings, sockets)
			ctx, enough := context.WithCancel(t.Context())
			served := Customers{
				HTTP: address["http"], HTTPS: address["https"], TLS: &tls.Config{RootCAs: authority.Pool()},
				Domain: "example.com", Clients: 30, Pause: 50 * time.Millisecond,
			}
			control := start(t, "limits: {requests_per_minute: 0}\n").customers()
			control.Clients, control.Pause = served.Clients, served.Pause
			var seen, normal Report
			var both sync.WaitGroup
			both.Go(func() { seen = served.Visit(ctx) })
			both.Go(func() { normal = control.Visit(ctx) })
			var slowest time.Duration // start, during which nobody accepts connections
			for range restarts {
				old := current
				if tc.newFirst {
					current = serveSockets(t, settings, sockets)
					old.stop()
				} else {
					old.stop()
					begun := time.Now()
					current = serveSockets(t, settings, sockets)
					slowest = max(slowest, time.Since(begun))
				}
				time.Sleep(300 * time.Millisecond) // under load, not only in its stop
			}
			enough()
			both.Wait()
			seen.CheckNoneLost(t, normal, slowest)
			current.stop()
		})
	}
}
