package ldapsource

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// maxIdle is how long a connection may be idle. Firewalls drop idle connections
// after some minutes without telling either side.
const maxIdle = time.Minute

var errClosed = errors.New("the source is closed")

// pool is a bounded pool of connections.
type pool struct {
	server *server
	slots  chan struct{} // one element per connection in use

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

// search sends a search. An error result of the server is an *ldap.Error; other
// errors can be shown as they are. An idle connection that turns out to be dead
// is replaced once. fresh demands a new connection.
func (p *pool) search(ctx context.Context, r *ldap.SearchRequest, fresh bool) (*ldap.SearchResult, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, noSlot(ctx, cap(p.slots))
	}
	c, err := p.take(fresh)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if result, err := p.searchOn(ctx, c, r); err == nil || isAnswer(err) || errors.Is(err, errTooLong) || ctx.Err() != nil {
			return result, err
		}
	}
	if c, err = p.server.connect(ctx); err != nil {
		return nil, err
	}
	return p.searchOn(ctx, c, r)
}

// searchOn searches on a connection and returns it to the pool, or closes it when
// it is dead.
func (p *pool) searchOn(ctx context.Context, c *conn, r *ldap.SearchRequest) (result *ldap.SearchResult, err error) {
	alive, err := c.run(ctx, func(l *ldap.Conn) error {
		result, err = l.Search(r)
		return err
	})
	if !alive {
		c.close()
	} else {
		p.put(c)
	}
	if errors.Is(err, ldap.ErrSizeLimitExceeded) { // the server ignores the limit, so the rest was not read
		return result, nil
	}
	switch {
	case err == nil || isAnswer(err):
		return result, err
	case c.wire.left.Load() <= 0: // the library wraps no error of a read
		return nil, errTooLong
	}
	return nil, lost(ctx, brokeOff, err)
}

// take returns an idle connection; nil for none.
func (p *pool) take(fresh bool) (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		c := p.idle[last]
		p.idle = p.idle[:last]
		if !fresh && time.Since(c.idleSince) < maxIdle {
			return c, nil
		}
		c.close()
	}
	return nil, nil
}

func (p *pool) put(c *conn) {
	c.idleSince = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return
	}
	p.idle = append(p.idle, c)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
}
