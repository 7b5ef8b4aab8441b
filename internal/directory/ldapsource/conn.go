package ldapsource

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// conn is one connection. It is used by one goroutine at a time.
type conn struct {
	ldap      *ldap.Conn
	wire      *wire
	idleSince time.Time
}

// run calls do and interrupts it when the context ends. The connection must be
// closed when alive is false.
func (c *conn) run(ctx context.Context, do func(*ldap.Conn) error) (alive bool, err error) {
	c.wire.allow()
	// The library takes no context, so its connection is interrupted instead.
	stop := context.AfterFunc(ctx, c.wire.interrupt)
	err = do(c.ldap)
	return stop() && (err == nil || isAnswer(err)), err
}

// isAnswer reports whether an error is a result that the server returned.
func isAnswer(err error) bool {
	var said *ldap.Error
	return errors.As(err, &said) && said.ResultCode < ldap.ErrorNetwork
}

func (c *conn) close() {
	_ = c.wire.Close() // first, so that closing does not wait for the server
	_ = c.ldap.Close()
}

// wire limits the size of an answer.
type wire struct {
	net.Conn
	left atomic.Int64
}

const maxAnswer = 1 << 20 // octets

var errTooLong = errors.New("the answer is longer than 1 MiB")

func (w *wire) allow() { w.left.Store(maxAnswer) }

func (w *wire) Read(p []byte) (int, error) {
	left := w.left.Load()
	if left <= 0 {
		return 0, errTooLong
	}
	n, err := w.Conn.Read(p[:min(int64(len(p)), left)])
	w.left.Add(-int64(n))
	return n, err
}

// interrupt ends all reads and writes, including those in progress.
func (w *wire) interrupt() {
	_ = w.SetDeadline(time.Unix(1, 0)) // fails when already closed
}
