//go:build unix

package watch

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestAPipe pins that a pipe, as the shell makes for <(…), is neither waited for
// nor read.
func TestAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "a")
	must(t, syscall.Mkfifo(pipe, 0o600))
	_, calls := watched(t, pipe, file)
	write(t, file, "1")
	calls.want(t, "a file beside a pipe")
}
