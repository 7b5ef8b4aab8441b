package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &turns{free: 1, waiting: map[string][]chan struct{}{}}
		all.take("first", false)
		var order []string
		wait := func(client, name string, resumes bool) {
			go func() {
				all.take(client, resumes)
				order = append(order, name)
				all.give()
			}()
			synctest.Wait()
		}
		for i := range 4 {
			wait("many", fmt.Sprint("many", i), false)
		}
		wait("few", "few0", false)
		wait("few", "few1", false)
		wait("many", "resumed", true)
		wait("one", "one", false)
		all.give()
		synctest.Wait()
		if want := []string{"resumed", "few0", "one", "many0", "few1", "many1", "many2", "many3"}; !slices.Equal(order, want) {
			t.Errorf("the turns are %v, want %v", order, want)
		}
		if all.free != 1 || len(all.waiting)+len(all.clients) > 0 {
			t.Errorf("left are %+v", all)
		}
	})
}

// encrypted serves on a TLS listener with turns of the test. begins is called in the
// turn of a handshake, cert while it looks for its certificate; both may be nil.
func encrypted(t *testing.T, free int, begins, cert func(*tls.ClientHelloInfo), serve http.HandlerFunc) (g *Group, trust *tls.Config) {
	t.Helper()
	authority := certtest.Authority("Turns", nil)
	pair := authority.Server("127.0.0.1").TLS()
	g = serveGroup(t, func(g *Group) { g.listeners[0].turns.free = free }, Listener{
		Name: "https", Address: "127.0.0.1:0", Handler: serve,
		TLS: &tls.Config{
			GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				if begins != nil {
					begins(hello)
				}
				return nil, nil
			},
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if cert != nil {
					cert(hello)
				}
				return &pair, nil
			},
		},
	})
	return g, &tls.Config{RootCAs: authority.Pool(), ServerName: "127.0.0.1"}
}

// TestHandshakesTakeTurns begins many handshakes of one client, then one of another,
// which does not wait until all the others are done.
func TestHandshakesTakeTurns(t *testing.T) {
	const many = 30
	var mu sync.Mutex
	var order []string
	g, trust := encrypted(t, 0, func(hello *tls.ClientHelloInfo) {
		host, _, _ := net.SplitHostPort(hello.Conn.RemoteAddr().String())
		mu.Lock()
		defer mu.Unlock()
		order = append(order, host)
	}, nil, http.NotFound)
	l := g.listeners[0]
	var all sync.WaitGroup
	begin := func(from string, n int) {
		for range n {
			conn := dialFrom(t, from, g.Addr("https")).conn
			all.Go(func() {
				if err := tls.Client(conn, trust).HandshakeContext(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		until(t, "handshakes wait", func() bool {
			l.turns.mu.Lock()
			defer l.turns.mu.Unlock()
			return len(l.turns.waiting[from]) == n
		})
	}
	begin("127.0.0.2", many)
	begin("127.0.0.3", 1)
	l.turns.give() // the only one
	all.Wait()
	if len(order) != many+1 || slices.Index(order, "127.0.0.3") > 1 {
		t.Errorf("the handshakes are of %v", order)
	}
}

// TestACertificateMayTakeLong has a handshake wait for its certificate. Others go on.
func TestACertificateMayTakeLong(t *testing.T) {
	waits, found := make(chan struct{}), make(chan struct{})
	g, trust := encrypted(t, 1, nil, func(hello *tls.ClientHelloInfo) {
		if strings.HasPrefix(hello.Conn.RemoteAddr().String(), "127.0.0.2:") {
			close(waits)
			<-found
		}
	}, http.NotFound)
	slow := make(chan error, 1)
	conn := dialFrom(t, "127.0.0.2", g.Addr("https")).conn
	go func() { slow <- tls.Client(conn, trust).HandshakeContext(t.Context()) }()
	<-waits
	if err := tls.Client(dial(t, g.Addr("https")).conn, trust).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	close(found)
	if err := <-slow; err != nil {
		t.Error(err)
	}
}

// TestARequestNeedsNoTurn has a request take long. Handshakes go on.
func TestARequestNeedsNoTurn(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	g, trust := encrypted(t, 1, nil, nil, func(http.ResponseWriter, *http.Request) {
		close(inside)
		<-leave
	})
	t.Cleanup(func() { close(leave) })
	if _, err := io.WriteString(tls.Client(dial(t, g.Addr("https")).conn, trust), "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-inside
	if err := tls.Client(dial(t, g.Addr("https")).conn, trust).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEachTurnEnds holds that no client keeps a turn, however its connection goes on.
func TestEachTurnEnds(t *testing.T) {
	free := runtime.GOMAXPROCS(0)
	g, trust := encrypted(t, free, nil, nil, http.NotFound)
	l := g.listeners[0]
	over := func(protocol string) *tls.Conn {
		config := trust.Clone()
		config.NextProtos = []string{protocol}
		conn := tls.Client(dial(t, g.Addr("https")).conn, config)
		if err := conn.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for name, visit := range map[string]func(){
		"says nothing":      func() { dial(t, g.Addr("https")) },
		"no TLS":            func() { dial(t, g.Addr("https")).ask("/") },
		"half a hello":      func() { dial(t, g.Addr("https")).write("\x16\x03\x01\x00\xff\x01") },
		"only a handshake":  func() { over("http/1.1") },
		"closes after it":   func() { _ = over("http/1.1").Close() },
		"half a request":    func() { _, _ = io.WriteString(over("http/1.1"), "GET /") },
		"a request":         func() { _, _ = io.WriteString(over("http/1.1"), "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") },
		"no request at all": func() { _, _ = io.WriteString(over("http/1.1"), "\x00\r\n\r\n") },
		"HTTP/2":            func() { _, _ = io.WriteString(over("h2"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
		"half a preface":    func() { _, _ = io.WriteString(over("h2"), "PRI *") },
	} {
		for range free + 1 {
			visit()
		}
		until(t, "all turns have ended after "+name, func() bool {
			l.turns.mu.Lock()
			defer l.turns.mu.Unlock()
			return l.turns.free == free
		})
	}
}

// TestATurnEndsBeforeAnyWait holds that a turn ends with a write, which waits for a
// client that reads nothing, and with the end of the connection.
func TestATurnEndsBeforeAnyWait(t *testing.T) {
	for name, next := range map[string]func(net.Conn){
		"a write": func(c net.Conn) { _, _ = c.Write([]byte("nobody reads this")) },
		"the end": func(c net.Conn) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limitConnections(nil, 0, nil)
				l.turns = &turns{free: 1, waiting: map[string][]chan struct{}{}}
				mine, theirs := net.Pipe()
				defer func() { _ = theirs.Close() }()
				c := &connection{deadlines: deadlines{Conn: mine}, of: l, client: "one"}
				go func() { _, _ = theirs.Write([]byte("hello")) }()
				if _, err := c.Read(make([]byte, 5)); err != nil || l.turns.free != 0 {
					t.Fatalf("%v, %d turns are free", err, l.turns.free)
				}
				go next(c)
				synctest.Wait()
				if l.turns.free != 1 {
					t.Error("the turn goes on")
				}
			})
		})
	}
}

// TestATurnThatComesTooLate has a connection wait for its turn until it is closed, or
// until net/http would have given up: the turn is passed on.
func TestATurnThatComesTooLate(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(*connection)
		want   error
	}{
		"in time":      {func(*connection) {}, nil},
		"at the limit": {func(*connection) { time.Sleep(readHeaderTimeout) }, nil},
		"too late":     {func(*connection) { time.Sleep(readHeaderTimeout + 1) }, os.ErrDeadlineExceeded},
		"closed":       {func(c *connection) { _ = c.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limitConnections(nil, 0, nil)
				l.turns = &turns{waiting: map[string][]chan struct{}{}}
				mine, theirs := net.Pipe()
				defer func() { _ = theirs.Close() }()
				c := &connection{deadlines: deadlines{Conn: mine}, of: l, client: "one"}
				go func() { _, _ = theirs.Write([]byte("hello")) }()
				read := make(chan error, 1)
				go func() {
					_, err := c.Read(make([]byte, 5))
					read <- err
				}()
				synctest.Wait()
				tc.before(c)
				l.turns.give()
				synctest.Wait()
				if err := <-read; !errors.Is(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				if free := l.turns.free == 1; free != (tc.want != nil) {
					t.Errorf("the turn is free: %t", free)
				}
				_ = c.Close()
			})
		})
	}
}

// until waits until something is true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s", what)
		}
	}
}
