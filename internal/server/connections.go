package server

import (
	"net"
	"net/http"
	"sync/atomic"
)

// connections counts those of one listener that are open.
type connections struct {
	open atomic.Int64
	most int64 // 0 for no limit
}

// changed is called by net/http when a connection gets another state. Once three
// quarters of all are taken, those end that have nothing to ask any more: clients
// keep them for a question that never comes, and these would have everybody else
// wait for a minute.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	case http.StateIdle:
		if c.most > 0 && c.open.Load() > c.most*3/4 {
			_ = conn.Close() // whoever is on the other end has its answer
		}
	case http.StateActive:
	}
}
