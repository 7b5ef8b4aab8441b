package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// counting counts the deadlines that are set in the network.
type counting struct {
	net.Conn
	sets atomic.Int64
}

func (c *counting) SetReadDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *counting) SetWriteDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// lateDeadlines returns both ends of a connection over loopback.
func lateDeadlines(t testing.TB) (ours *deadlines, network *counting, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = l.Close(), conn.Close(), theirs.Close() })
	network = &counting{Conn: conn}
	return &deadlines{Conn: network}, network, theirs
}

func TestADeadlineIsKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  []time.Duration // from now; 0 removes it
		want time.Duration   // the least until the time-out
	}{
		{"one", []time.Duration{20 * time.Millisecond}, 20 * time.Millisecond},
		{"a later one", []time.Duration{10 * time.Millisecond, 60 * time.Millisecond}, 60 * time.Millisecond},
		{"an earlier one", []time.Duration{time.Hour, 20 * time.Millisecond}, 20 * time.Millisecond},
		{"removed and set again", []time.Duration{10 * time.Millisecond, 0, 40 * time.Millisecond}, 40 * time.Millisecond},
		{"in the past", []time.Duration{time.Hour, -time.Second}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, _, _ := lateDeadlines(t)
			begun := time.Now()
			for _, after := range tt.set {
				var at time.Time
				if after != 0 {
					at = begun.Add(after)
				}
				if err := conn.SetReadDeadline(at); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				_, err := conn.Read(make([]byte, 1))
				if took := time.Since(begun); !errors.Is(err, os.ErrDeadlineExceeded) || took < tt.want {
					t.Errorf("%v after %s, want a time-out after %s", err, took, tt.want)
				}
			}
		})
	}
}

// TestDeadlinesOfAWaitingCall changes the deadline while a call waits in the network, as
// net/http does to end its background read.
func TestDeadlinesOfAWaitingCall(t *testing.T) {
	conn, _, theirs := lateDeadlines(t)
	read := make(chan error)
	begin := func() {
		go func() {
			_, err := conn.Read(make([]byte, 1))
			read <- err
		}()
		for begun := time.Now(); conn.read.waiting.Load() == 0; time.Sleep(time.Millisecond) {
			if time.Since(begun) > 30*time.Second {
				t.Fatal("the call does not wait")
			}
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	begin()
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("interrupted: %v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	begin()
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("without a deadline again: %v", err)
	}
}

// TestAWriteContinues lets an early deadline pass in the middle of a write.
func TestAWriteContinues(t *testing.T) {
	conn, _, theirs := lateDeadlines(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for _, after := range []time.Duration{10 * time.Millisecond, time.Hour} {
		if err := conn.SetWriteDeadline(time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
		if err := conn.write.apply(conn.Conn.SetWriteDeadline, false); err != nil { // the earlier one alone reaches the network
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		n, err := conn.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		done <- errors.Join(err, conn.Close())
	}()
	time.Sleep(30 * time.Millisecond) // more than the early deadline, so that it has passed
	got, err := io.ReadAll(theirs)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes arrived: %v", len(got), len(sent), err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLaterDeadlinesAreOnlyNoted does what net/http does for each request.
func TestLaterDeadlinesAreOnlyNoted(t *testing.T) {
	conn, network, theirs := lateDeadlines(t)
	for range 100 {
		if err := request(conn, theirs); err != nil {
			t.Fatal(err)
		}
	}
	if n := network.sets.Load(); n > 2 {
		t.Errorf("%d deadlines reached the network, want one for each direction", n)
	}
}

func request(conn, theirs net.Conn) error {
	now := time.Now().Add(time.Hour) // no deadline passes
	return errors.Join(
		conn.SetReadDeadline(now.Add(readHeaderTimeout)),
		second(theirs.Write([]byte("x"))),
		second(conn.Read(make([]byte, 1))),
		conn.SetReadDeadline(now.Add(readTimeout)),
		conn.SetWriteDeadline(now.Add(writeTimeout)),
		second(conn.Write([]byte("x"))),
		second(theirs.Read(make([]byte, 1))),
		conn.SetReadDeadline(time.Unix(1, 0)), // it ends the background read
		conn.SetReadDeadline(time.Time{}),
		conn.SetReadDeadline(now.Add(idleTimeout)),
	)
}

func second(_ int, err error) error { return err }

// instant is a connection whose deadlines are real, and whose data is there at once.
type instant struct{ net.Conn }

func (instant) Read(p []byte) (int, error)  { return len(p), nil }
func (instant) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkDeadlines compares the deadlines of a request that are set in the network at
// once with late ones.
func BenchmarkDeadlines(b *testing.B) {
	_, network, _ := lateDeadlines(b)
	real := instant{network.Conn}
	for name, conn := range map[string]net.Conn{"at-once": real, "late": &deadlines{Conn: real}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := request(conn, real); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
