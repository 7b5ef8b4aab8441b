package telemetry

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
)

// disk is full until there is room, and writes a part of what it is given each
// time.
type disk struct {
	mu   sync.Mutex
	full bool
	text bytes.Buffer
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		n := len(p) / 3
		d.text.Write(p[:n])
		return n, syscall.ENOSPC
	}
	return d.text.Write(p)
}

func (d *disk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// TestADiskThatWasFull: logging goes on when there is room again, with every
// line whole and in order.
func TestADiskThatWasFull(t *testing.T) {
	d := &disk{full: true}
	m := NewMetrics("", "")
	log, flush, err := NewLogger("info", "json", d, m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		log.Info("while it was full", zap.Int("n", i))
	}
	time.Sleep(3 * flushEvery)
	d.set(false)
	log.Info("there is room again", zap.Int("n", 100))
	for deadline := time.Now().Add(time.Minute); !strings.Contains(d.String(), "room again"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("logging has ended for ever")
		}
	}
	flush()
	lines := strings.Split(strings.TrimSuffix(d.String(), "\n"), "\n")
	if len(lines) != 101 {
		t.Errorf("%d lines, want 101", len(lines))
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, `{"level":"info"`) || !strings.HasSuffix(line, `"n":`+strconv.Itoa(i)+"}") {
			t.Errorf("line %d is %s", i, line)
		}
	}
	if n := testutil.ToFloat64(m.logLinesDropped); n != 0 {
		t.Errorf("%v lines dropped", n)
	}
}

// stuck blocks forever, like a pipe without a reader.
type stuck struct {
	release chan struct{}
	out     io.Writer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.release
	return s.out.Write(p)
}

// TestAWriterThatIsStuck: lines are dropped and counted, errors last of all; when
// the writer goes on, the log tells how many lines are missing.
func TestAWriterThatIsStuck(t *testing.T) {
	var out bytes.Buffer
	s := &stuck{release: make(chan struct{}), out: &out}
	m := NewMetrics("", "")
	log, flush, err := NewLogger("info", "json", s, m)
	if err != nil {
		t.Fatal(err)
	}
	const lines = 50_000
	begin := time.Now()
	for range lines {
		log.Info("request", zap.String("padding", strings.Repeat("x", 50)))
	}
	for range 100 {
		log.Error("something is wrong")
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("the caller waited %s", took)
	}
	dropped := int(testutil.ToFloat64(m.logLinesDropped))
	close(s.release)
	flush()
	text := out.String()
	if n := strings.Count(text, "something is wrong"); n != 100 {
		t.Errorf("%d of 100 errors were written", n)
	}
	if n := strings.Count(text, `"msg":"request"`); dropped == 0 || n+dropped != lines {
		t.Errorf("%d lines written, %d dropped, of %d", n, dropped, lines)
	}
	if !strings.Contains(text, `"msg":"log lines dropped","lines":`+strconv.Itoa(dropped)+"}") {
		t.Error("the log does not tell that lines are missing")
	}
	if len(text) > 2*maxWaiting+1000 {
		t.Errorf("%d bytes were kept in memory", len(text))
	}
}

// TestTheEndDoesNotWait: a process ends although its log is stuck.
func TestTheEndDoesNotWait(t *testing.T) {
	s := &stuck{release: make(chan struct{}), out: io.Discard}
	defer close(s.release)
	log, flush, err := NewLogger("info", "json", s, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("stopped")
	begin := time.Now()
	flush()
	if took := time.Since(begin); took > 2*lastWords {
		t.Errorf("it took %s", took)
	}
}

// TestManyAtOnce writes from many goroutines; run it with -race.
func TestManyAtOnce(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := NewLogger("info", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				log.With(zap.String("part", "a")).Info("line")
			}
		})
	}
	all.Wait()
	flush()
	if n := strings.Count(out.String(), `"msg":"line","part":"a"}`+"\n"); n != 1600 {
		t.Errorf("%d lines of 1600", n)
	}
}

// TestConsoleEscapes: a message of net/http may hold what a client sent.
func TestConsoleEscapes(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := NewLogger("info", "console", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("bad request x\ntrusted     yes\x1b[2J", zap.String("field", "\u009b2J\u202e"), zap.Error(errors.New("a\tb\nc")))
	flush()
	text := out.String()
	if strings.Count(text, "\n") != 1 || strings.ContainsAny(text, "\x1b\u009b\u202e") || !strings.Contains(text, `x\ntrusted`) {
		t.Errorf("%q", text)
	}
}

func BenchmarkLogLine(b *testing.B) {
	var written atomic.Int64
	log, flush, err := NewLogger("info", "json", counting{&written}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer flush()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			log.Info("request", zap.String("protocol", "autoconfig"), zap.String("client", "thunderbird"), zap.String("outcome", "ok"),
				zap.Int("status", 200), zap.Duration("took", time.Millisecond))
		}
	})
}

type counting struct{ n *atomic.Int64 }

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}
