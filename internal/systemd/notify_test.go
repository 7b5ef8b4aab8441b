package systemd

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// manager listens like systemd, and returns a function that reads the next
// notification.
func manager(t *testing.T) (next func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		buf := make([]byte, 1024)
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestNotify(t *testing.T) {
	next := manager(t)
	for _, tt := range []struct {
		name   string
		notify func() error
		want   string // a regular expression
	}{
		{"ready", Ready, `^READY=1$`},
		{"reloading", Reloading, `^MONOTONIC_USEC=[1-9][0-9]*\nRELOADING=1$`},
		{"stopping", Stopping, `^STOPPING=1$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.notify(); err != nil {
				t.Fatal(err)
			}
			if got := next(); !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
		})
	}
}

func TestWithoutSystemd(t *testing.T) {
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID"} {
		t.Setenv(name, "")
	}
	for name, notify := range map[string]func() error{"Ready": Ready, "Reloading": Reloading, "Stopping": Stopping} {
		if err := notify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Watchdog(t.Context(), func(context.Context) bool { panic("asked") }); err != nil {
		t.Error(err)
	}
	if all, err := Listeners(); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestNotifyFails(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	err := Ready()
	if err == nil || !strings.HasPrefix(err.Error(), "cannot notify systemd: ") {
		t.Errorf("got %v", err)
	}
}

// TestWatchdog pins that systemd is notified only while the process is alive.
func TestWatchdog(t *testing.T) {
	next := manager(t)
	t.Setenv("WATCHDOG_USEC", strconv.Itoa(int((10 * time.Millisecond).Microseconds())))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, stop := context.WithCancel(t.Context())
	asked := 0
	healthy := make(chan int, 1)
	done := make(chan error)
	go func() {
		done <- Watchdog(ctx, func(context.Context) bool {
			if asked++; asked == 3 {
				healthy <- asked
			}
			return asked >= 3
		})
	}()
	for range 2 {
		if got := next(); got != "WATCHDOG=1" {
			t.Errorf("got %q", got)
		}
	}
	select {
	case <-healthy:
	default:
		t.Error("systemd was notified although the process was not alive")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWatchdogErrors(t *testing.T) {
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	for _, usec := range []string{"soon", "-1", "0"} {
		t.Setenv("WATCHDOG_USEC", usec)
		err := Watchdog(t.Context(), func(context.Context) bool { return true })
		if err == nil || !strings.HasPrefix(err.Error(), "cannot read the interval of systemd's watchdog: ") {
			t.Errorf("%s: got %v", usec, err)
		}
	}
	t.Setenv("WATCHDOG_USEC", "1000")
	t.Setenv("WATCHDOG_PID", "1") // of another process
	if err := Watchdog(t.Context(), func(context.Context) bool { panic("asked") }); err != nil {
		t.Error(err)
	}
}
