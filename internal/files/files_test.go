//go:build unix

package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("1234567"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if data, err := Read(p, 7); err != nil || string(data) != "1234567" {
			t.Errorf("%s: %q, %v", p, data, err)
		}
	}
	if _, err := Read(path, 6); err == nil || err.Error() != "read "+path+": is over 6 bytes" || !errors.As(err, new(TooLargeError)) {
		t.Errorf("too large: %v", err)
	}
	if _, err := Read(path+".none", 7); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

func TestStat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("1234567"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := Stat(path); err != nil || info.Size() != 7 {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := Stat(path + ".none"); info != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v, %v", info, err)
	}
}

// TestNothingIsWaitedFor reads what would block, never end, or is no file.
func TestNothingIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "s")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for path, want := range map[string]string{
		pipe:            "is a pipe, not a regular file",
		socket:          "is a socket, not a regular file",
		dir:             "is a directory, not a regular file",
		"/dev/zero":     "is a device, not a regular file",
		"/proc/self/fd": "is a directory, not a regular file",
	} {
		begin := time.Now()
		_, err := Read(path, 100)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		if took := time.Since(begin); took > 2*Patience {
			t.Errorf("%s took %s", path, took)
		}
	}
}

// TestAFileSystemThatDoesNotAnswer: the caller goes on, and the reader, when it
// comes back, has nobody to write to.
func TestAFileSystemThatDoesNotAnswer(t *testing.T) {
	back := make(chan struct{})
	err := within(10*time.Millisecond, "/mnt/secret", func() error {
		<-back
		return io.EOF
	})
	close(back)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "read /mnt/secret: the file system does not answer within 10ms: ") {
		t.Error(err)
	}
}
