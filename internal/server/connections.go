package server

import (
	"net"
	"net/http"
	"sync/atomic"
)

// connections counts the open connections of a listener.
type connections struct {
	open atomic.Int64
	most int64 // 0 for no limit
}

// changed is called by net/http when the state of a connection changes. When
// three quarters of the limit are open, idle connections are closed: clients keep
// them without need, and others would wait for the idle time-out.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	case http.StateIdle:
		if c.most > 0 && c.open.Load() > c.most*3/4 {
			_ = conn.Close() // its response was sent
		}
	case http.StateActive:
	}
}
