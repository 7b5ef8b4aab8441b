package server

import (
	"crypto/tls"
	"runtime"
	"slices"
	"sync"
)

// turns lets a few TLS handshakes compute at once. The others wait, and their clients
// take turns: a thousand handshakes of one client delay those of the next client by
// one, and delay no request.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting map[string][]chan struct{} // by client; a channel is closed when its turn has come
	clients []string                   // the keys of waiting, the next one first
}

func newTurns() *turns {
	return &turns{free: runtime.GOMAXPROCS(0), waiting: map[string][]chan struct{}{}}
}

// take waits for a turn of a client. A handshake that resumes is the next one of its
// client.
func (t *turns) take(client string, resumes bool) {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return
	}
	turn, own := make(chan struct{}), t.waiting[client]
	if own == nil {
		t.clients = append(t.clients, client)
	}
	if resumes {
		own = slices.Insert(own, 0, turn)
	} else {
		own = append(own, turn)
	}
	t.waiting[client] = own
	t.mu.Unlock()
	<-turn
}

// give ends a turn.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.clients) == 0 {
		t.free++
		return
	}
	client := t.clients[0]
	own := t.waiting[client]
	close(own[0])
	t.clients = t.clients[1:]
	if len(own) == 1 {
		delete(t.waiting, client)
		return
	}
	t.waiting[client] = own[1:]
	t.clients = append(t.clients, client)
}

// withoutTurn returns a TLS configuration whose handshakes need no turn while they
// look for a certificate, which may take long.
func withoutTurn(c *tls.Config) *tls.Config {
	c = c.Clone()
	if find := c.GetCertificate; find != nil {
		c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			conn := hello.Conn.(*connection)
			conn.endTurn()
			cert, err := find(hello)
			if err == nil {
				err = conn.takeTurn(true)
			}
			return cert, err
		}
	}
	return c
}
