package programs

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Output runs a command that must succeed and returns what it writes to its
// standard output.
func Output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, &stderr)
	}
	return string(out)
}

// Log keeps what a program writes while it runs. The zero value is ready to use.
type Log struct {
	mu     sync.Mutex
	text   []byte
	read   int           // how much of the text Next has passed
	writes chan struct{} // closed by the next Write
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if l.writes != nil {
		close(l.writes)
		l.writes = nil
	}
	return len(p), nil
}

// String returns the whole log.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// Lines returns the complete and incomplete lines that contain a text.
func (l *Log) Lines(part string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return found
}

// Next waits for the next complete line that contains a text, after the line
// that it returned last. It returns "" when the time is up.
func (l *Log) Next(part string, within time.Duration) string {
	timeout := time.After(within)
	for {
		line, more := l.next(part)
		if line != "" {
			return line
		}
		select {
		case <-more:
		case <-timeout:
			return ""
		}
	}
}

func (l *Log) next(part string) (line string, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		end := bytes.IndexByte(l.text[l.read:], '\n')
		if end < 0 {
			break
		}
		line := string(l.text[l.read : l.read+end])
		l.read += end + 1
		if strings.Contains(line, part) {
			return line, nil
		}
	}
	if l.writes == nil {
		l.writes = make(chan struct{})
	}
	return "", l.writes
}
