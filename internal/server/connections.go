package server

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/httprate"
)

// settled is how long a connection must be silent until certainly no part of a
// request or of a response is in progress on it.
const settled = time.Second

// connections is a listener that limits the open connections. When a client has its
// share of them, the next one replaces a silent one: of the client, or else of any
// other unless the client has half of all places. Without a silent one, it is closed.
// When all places are taken by requests, the next ones wait in the kernel. A
// connection with a request on it is never closed.
type connections struct {
	net.Listener
	most    int64                 // 0 for no limit
	proxies func() []netip.Prefix // connect for many clients; nil for none
	places  *budget
	settled time.Duration
	turns   *turns        // of TLS handshakes; nil without TLS
	count   func(string)  // called for each connection that the limit closes
	last    atomic.Bool   // no connection is kept for another request
	left    chan struct{} // receives when a place may be free
	closed  chan struct{}
	close   sync.Once

	mu   sync.Mutex
	open map[*connection]struct{}
	n    atomic.Int64 // len(open)
}

// connection is one of them.
type connection struct {
	deadlines
	of     *connections
	client string       // whose place it has
	silent atomic.Int64 // since when, in Unix nanoseconds; 0 during a request, -1 when it is closed
	begun  atomic.Bool  // its first request has been read, so it needs no more turns
	turn   atomic.Bool  // it has a turn
	closed atomic.Bool
	close  sync.Once
}

func limitConnections(l net.Listener, most int, proxies func() []netip.Prefix) *connections {
	return &connections{
		Listener: l, most: int64(most), proxies: proxies, places: newBudget(most), settled: settled,
		count: func(string) {}, left: make(chan struct{}, 1), closed: make(chan struct{}), open: map[*connection]struct{}{},
	}
}

// Accept returns the next connection for which there is a place.
func (l *connections) Accept() (net.Conn, error) {
	for {
		if !l.awaitPlace() {
			return nil, net.ErrClosed
		}
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		client := l.clientOf(conn)
		if !l.takePlace(client) {
			l.count("refused")
			_ = conn.Close() // nothing was read or written
			continue
		}
		c := &connection{deadlines: deadlines{Conn: conn}, of: l, client: client}
		c.silent.Store(time.Now().UnixNano())
		c.begun.Store(l.turns == nil)
		l.mu.Lock()
		l.open[c] = struct{}{}
		l.mu.Unlock()
		l.n.Add(1)
		return c, nil
	}
}

// awaitPlace waits for a free place. It returns false when the listener is closed.
func (l *connections) awaitPlace() bool {
	for l.places.full() && !l.evict("") {
		select {
		case <-l.left:
		case <-time.After(l.settled / 10): // one may have been silent for long enough
		case <-l.closed:
			return false
		}
	}
	return true
}

// takePlace takes a place for a client, where needed from a silent connection.
func (l *connections) takePlace(client string) bool {
	for !l.places.take(client, 1) {
		mayHave := l.places.holds(client) < int(l.most)/2
		if !l.evict(client) && (!mayHave || !l.evict("")) {
			return false
		}
	}
	return true
}

// Close closes the listener, not the connections.
func (l *connections) Close() (err error) {
	l.close.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// clientOf returns the client of a connection. A proxy connects for many, so each of
// its connections counts as a client.
func (l *connections) clientOf(conn net.Conn) string {
	remote := conn.RemoteAddr().String()
	peer := peerOf(remote)
	if !peer.IsValid() || l.proxies != nil && isTrusted(peer, l.proxies()) {
		return remote
	}
	return httprate.CanonicalizeIP(peer.WithZone("").String())
}

// evict closes the connection of a client, or of any if client is "", that is silent
// the longest. It returns false when none is.
func (l *connections) evict(client string) bool {
	for {
		victim, since := l.longestSilent(client)
		if victim == nil {
			return false
		}
		if victim.silent.CompareAndSwap(since, -1) { // else a request has come
			l.count("silent")
			_ = victim.Close() // nothing is in progress
			return true
		}
	}
}

func (l *connections) longestSilent(client string) (found *connection, since int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since = time.Now().Add(-l.settled).UnixNano()
	for c := range l.open {
		if at := c.silent.Load(); at > 0 && at <= since && (client == "" || c.client == client) {
			found, since = c, at
		}
	}
	return found, since
}

// Read takes a turn for what follows from the data, until the first request has been
// read. The turn ends with the next call on the connection, which may wait for the
// client.
func (c *connection) Read(p []byte) (int, error) {
	c.endTurn()
	n, err := c.deadlines.Read(p)
	if n > 0 && !c.begun.Load() {
		if err := c.takeTurn(false); err != nil {
			return 0, err
		}
	}
	return n, err
}

func (c *connection) Write(p []byte) (int, error) {
	c.endTurn()
	return c.deadlines.Write(p)
}

// takeTurn waits for a turn. The error says that it came too late.
func (c *connection) takeTurn(resumes bool) error {
	begun := time.Now()
	c.of.turns.take(c.client, resumes)
	c.turn.Store(true)
	switch {
	case c.closed.Load():
		c.endTurn()
		return net.ErrClosed
	case time.Since(begun) > readHeaderTimeout: // which net/http allows for a handshake
		c.endTurn()
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (c *connection) endTurn() {
	if c.turn.CompareAndSwap(true, false) {
		c.of.turns.give()
	}
}

// Close closes the connection and frees its place.
func (c *connection) Close() error {
	c.closed.Store(true)
	c.endTurn()
	c.close.Do(func() {
		c.of.mu.Lock()
		delete(c.of.open, c)
		c.of.mu.Unlock()
		c.of.n.Add(-1)
		c.of.places.give(c.client, 1)
		select {
		case c.of.left <- struct{}{}:
		default:
		}
	})
	return c.Conn.Close()
}

// CloseWrite tells the client that nothing follows, where the network can.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// changed is called by net/http when the state of a connection changes. An HTTP/2
// connection is idle after its preface and whenever it has no stream.
func changed(conn net.Conn, state http.ConnState) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	c := conn.(*connection)
	switch state {
	case http.StateActive:
		c.silent.Store(0)
		c.begun.Store(true)
		c.endTurn()
	case http.StateIdle:
		c.silent.Store(time.Now().UnixNano())
	case http.StateNew, http.StateClosed, http.StateHijacked:
	}
}

// quiet reports whether every open connection has been silent for so long.
func (l *connections) quiet(long time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := time.Now().Add(-long).UnixNano()
	for c := range l.open {
		if at := c.silent.Load(); at == 0 || at > since {
			return false
		}
	}
	return true
}

// announcing returns a handler that announces the end of a connection with its
// response: all the time while the server stops, and when three quarters of the
// places are taken, because others may need the place of an idle connection. With
// HTTP/2, net/http sends GOAWAY for it.
func (l *connections) announcing(next http.Handler) http.Handler {
	end := []string{"close"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.last.Load() || l.most > 0 && l.n.Load() > l.most*3/4 {
			w.Header()["Connection"] = end
		}
		next.ServeHTTP(w, r)
	})
}
