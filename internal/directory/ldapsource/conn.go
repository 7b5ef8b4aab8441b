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

// run does one thing on the connection, and stops it when the context ends.
// The connection is of no use any more when alive is false.
func (c *conn) run(ctx context.Context, do func(*ldap.Conn) error) (alive bool, err error) {
	c.wire.allow()
	// The library knows no context: what stops it is the end of its connection.
	stop := context.AfterFunc(ctx, c.wire.interrupt)
	err = do(c.ldap)
	return stop() && (err == nil || isAnswer(err)), err
}

// isAnswer reports whether an error is what the server said, and not that it
// said nothing.
func isAnswer(err error) bool {
	var said *ldap.Error
	return errors.As(err, &said) && said.ResultCode < ldap.ErrorNetwork
}

func (c *conn) close() {
	_ = c.wire.Close() // first, so that nothing waits for the other side
	_ = c.ldap.Close()
}

// wire bounds what a server may send in answer to one request.
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

// interrupt ends reading and writing, those under way as well.
func (w *wire) interrupt() {
	_ = w.SetDeadline(time.Unix(1, 0)) // fails on what is closed already
}
