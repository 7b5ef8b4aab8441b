package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// deadlines is a connection whose deadlines reach the network late. net/http sets five
// for each request, nearly always to a later time than the one before, and each of them
// moves a timer of the runtime. Here a later deadline is only noted: when the earlier one
// passes, the call continues until the noted one. That is once in some seconds instead of
// five times for each request (BenchmarkDeadlines).
type deadlines struct {
	net.Conn
	read, write deadline
}

// deadline is that of one direction, in Unix nanoseconds; 0 for none.
type deadline struct {
	noted   atomic.Int64
	waiting atomic.Int32 // calls that may wait in the network
	mu      sync.Mutex
	set     int64 // in the network
}

// longAgo is an instant before which a deadline is meant to interrupt a call. net/http
// uses such a one for each request.
const longAgo = int64(time.Hour)

// SetDeadline sets both deadlines.
func (c *deadlines) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of Read.
func (c *deadlines) SetReadDeadline(t time.Time) error { return c.read.note(t, c.Conn.SetReadDeadline) }

// SetWriteDeadline sets the deadline of Write.
func (c *deadlines) SetWriteDeadline(t time.Time) error {
	return c.write.note(t, c.Conn.SetWriteDeadline)
}

// Read reads until the noted deadline.
func (c *deadlines) Read(p []byte) (n int, err error) {
	err = c.read.during(c.Conn.SetReadDeadline, func() error {
		n, err = c.Conn.Read(p)
		return err
	})
	return n, err
}

// Write writes until the noted deadline.
func (c *deadlines) Write(p []byte) (n int, err error) {
	err = c.write.during(c.Conn.SetWriteDeadline, func() error {
		more, err := c.Conn.Write(p[n:])
		n += more
		return err
	})
	return n, err
}

// note changes the deadline. Only one that could come too late for a waiting call is set
// at once.
func (d *deadline) note(t time.Time, set func(time.Time) error) error {
	var at int64
	if !t.IsZero() {
		at = max(t.UnixNano(), 1)
	}
	d.noted.Store(at)
	if d.waiting.Load() == 0 {
		return nil // the next call looks at what is noted
	}
	return d.apply(set, false)
}

// during repeats a call while it is interrupted before the noted deadline.
func (d *deadline) during(set func(time.Time) error, call func() error) error {
	d.waiting.Add(1) // before the look at what is noted: note looks in the other order
	defer d.waiting.Add(-1)
	if at := d.noted.Load(); at != 0 && at < longAgo {
		return os.ErrDeadlineExceeded
	}
	if err := d.apply(set, false); err != nil {
		return err
	}
	for {
		err := call()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if at := d.noted.Load(); at != 0 && time.Now().UnixNano() >= at {
			return err
		}
		if err := d.apply(set, true); err != nil {
			return err
		}
	}
}

// apply sets what is noted in the network if it is earlier than what is set there, or in
// any case.
func (d *deadline) apply(set func(time.Time) error, always bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.noted.Load()
	if at == d.set || !always && (at == 0 || d.set != 0 && d.set < at) {
		return nil
	}
	d.set = at
	if at == 0 {
		return set(time.Time{})
	}
	return set(time.Unix(0, at))
}
