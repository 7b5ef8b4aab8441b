package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
)

// http2Limits bound what one HTTP/2 connection can hold. Browsers open a dozen
// streams, proxies up to a hundred (RFC 9113 section 6.5.2).
func http2Limits() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          100,
		MaxReadFrameSize:              16 << 10, // the smallest; net/http keeps a buffer of this size
		MaxReceiveBufferPerConnection: 2 * maxBody,
		MaxReceiveBufferPerStream:     maxBody,
		WriteByteTimeout:              writeTimeout,
	}
}

// Listener is one address to serve.
type Listener struct {
	Name    string       // for messages: "http", "https", "ops"
	Address string       // host:port; port 0 takes a free one
	Open    net.Listener // already open, used instead of Address; may be nil
	Handler http.Handler
	TLS     *tls.Config // nil for plain HTTP
	// Connections limits the open connections of all clients, 0 for no limit. No
	// client gets more than remain free for others, except the trusted proxies.
	Connections int
	// Limited is called for each connection that this limit closes: refused before
	// anything was read, or silent. It may be nil.
	Limited        func(reason string)
	TrustedProxies func() []netip.Prefix // nil for none
}

// Group is a set of open listeners that start and stop together.
type Group struct {
	names     []string
	servers   []*http.Server
	listeners []*connections
}

// Listen opens every address before any is served, so that it fails before the
// first response when a port is in use. errorLog receives the messages of
// net/http, such as failed TLS handshakes.
func Listen(ctx context.Context, specs []Listener, errorLog *log.Logger) (*Group, error) {
	g := &Group{}
	for _, s := range specs {
		l := s.Open
		if l == nil {
			var err error
			if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.Address); err != nil {
				return nil, errors.Join(fmt.Errorf("the %s listener cannot open %s: %w", s.Name, s.Address, err), g.close())
			}
		}
		limited := limitConnections(l, s.Connections, s.TrustedProxies)
		if s.Limited != nil {
			limited.count = s.Limited
		}
		if s.TLS != nil {
			limited.turns = newTurns()
			s.TLS = withoutTurn(s.TLS)
		}
		g.names = append(g.names, s.Name)
		g.listeners = append(g.listeners, limited)
		g.servers = append(g.servers, &http.Server{
			Handler:           limited.announcing(s.Handler),
			ConnContext:       ConnContext,
			ConnState:         changed,
			TLSConfig:         s.TLS,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			HTTP2:             http2Limits(),
			ErrorLog:          errorLog,
		})
	}
	return g, nil
}

func (g *Group) close() error {
	var errs []error
	for _, l := range g.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// Addr returns the actual address of a listener; "" for an unknown name.
func (g *Group) Addr(name string) string {
	for i, have := range g.names {
		if have == name {
			return g.listeners[i].Addr().String()
		}
	}
	return ""
}

// Serve serves until ctx ends or a listener fails, then stops as described at Stop.
// It returns nil after a clean stop.
func (g *Group) Serve(ctx context.Context, stop Stop) error {
	failed := make(chan error, len(g.servers))
	for i, s := range g.servers {
		go func() { failed <- serve(s, g.listeners[i]) }()
	}
	var first error
	select {
	case <-ctx.Done():
	case first = <-failed:
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.Grace+stop.Drain)
	defer cancel()
	g.drain(stopping, stop.Grace)
	errs := make(chan error, len(g.servers))
	for _, s := range g.servers {
		go func() { errs <- s.Shutdown(stopping) }()
	}
	all := []error{first}
	for range g.servers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// Stop is how Serve stops. Each response announces the end of its connection. For as
// long as Grace, new connections are accepted as well, so that a client which has
// not heard of the stop loses nothing. Then Serve waits for at most Drain until each
// connection has ended, or has been silent for as long as Grace.
type Stop struct{ Grace, Drain time.Duration }

// drain returns when no request can be in progress. net/http would drop one that
// has just been read when Shutdown begins.
func (g *Group) drain(ctx context.Context, grace time.Duration) {
	for _, l := range g.listeners {
		l.last.Store(true)
	}
	accepting := time.Now().Add(grace)
	g.await(ctx, grace, func(l *connections) bool { return l.n.Load() == 0 || time.Now().After(accepting) })
	for _, l := range g.listeners {
		_ = l.Close() // Shutdown closes it again and returns the error
	}
	g.await(ctx, grace, func(l *connections) bool { return l.quiet(grace) })
}

// await waits until something is true of all listeners at once.
func (g *Group) await(ctx context.Context, grace time.Duration, of func(*connections) bool) {
	look := time.NewTicker(max(grace/50, time.Millisecond))
	defer look.Stop()
	for slices.ContainsFunc(g.listeners, func(l *connections) bool { return !of(l) }) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

func serve(s *http.Server, l net.Listener) error {
	var err error
	if s.TLSConfig != nil {
		err = s.ServeTLS(l, "", "")
	} else {
		err = s.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
