package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/telemetry"
)

// serveGroup serves listeners for one test.
func serveGroup(t *testing.T, change func(*http.Server), specs ...Listener) *Group {
	t.Helper()
	g, err := Listen(t.Context(), specs, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range g.servers {
		change(s)
	}
	serveUntilStopped(t, g)
	return g
}

// serveUntilStopped serves until the test ends, or stop is called.
func serveUntilStopped(t *testing.T, g *Group) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, time.Minute) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func unchanged(*http.Server) {}

// client is one connection, on which requests are written by hand.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, address string) client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// Only so that a mistake ends the test, before the server has had enough.
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return client{t, conn, bufio.NewReader(conn)}
}

func (c client) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) ask(path string) { c.write("GET " + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n") }

// read returns the status of the next answer.
func (c client) read() int {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode
}

// ended waits for the end of the connection.
func (c client) ended() bool {
	_, err := c.in.ReadByte()
	return errors.Is(err, io.EOF)
}

// TestConnections opens ten connections where ten may be, each with a request
// in progress, and an eleventh, which waits until one of them ends. The listener
// for operators answers all the while.
func TestConnections(t *testing.T) {
	const most = 10
	inside, release := make(chan struct{}, 2*most), make(chan struct{})
	var atOnce, top atomic.Int64
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		top.Store(max(top.Load(), atOnce.Add(1)))
		defer atOnce.Add(-1)
		inside <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	var ready Readiness
	ready.Set(true)
	g := serveGroup(t, unchanged,
		Listener{Name: "http", Address: "127.0.0.1:0", Handler: slow, Connections: most},
		Listener{Name: "ops", Address: "127.0.0.1:0", Handler: NewOps(Ops{Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready})})
	var clients []client
	for range most {
		c := dial(t, g.Addr("http"))
		c.ask("/")
		<-inside
		clients = append(clients, c)
	}
	eleventh := dial(t, g.Addr("http"))
	eleventh.ask("/")
	ops := dial(t, g.Addr("ops"))
	for _, path := range []string{"/readyz", "/healthz", "/metrics"} {
		ops.ask(path)
		if status := ops.read(); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	select {
	case <-inside:
		close(release)
		t.Fatal("the eleventh was let in")
	case <-time.After(50 * time.Millisecond):
	}
	release <- struct{}{} // one of the ten has its answer
	<-inside
	close(release)
	if status := eleventh.read(); status != http.StatusOK {
		t.Errorf("the eleventh got %d", status)
	}
	for _, c := range clients {
		if status := c.read(); status != http.StatusOK {
			t.Errorf("one of the ten got %d", status)
		}
	}
	if top.Load() > most {
		t.Errorf("%d were let in at once", top.Load())
	}
}

// TestConnectionsAreKeptWhileThereAreEnough asks on connections one after the
// other: the first three of four are kept for another question, the fourth is
// not, so that clients who have nothing to ask leave room for those who have.
func TestConnectionsAreKeptWhileThereAreEnough(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	g := serveGroup(t, unchanged, Listener{Name: "http", Address: "127.0.0.1:0", Handler: hello, Connections: 4})
	var kept []client
	for i := range 6 {
		c := dial(t, g.Addr("http"))
		c.ask("/")
		c.read()
		if i < 3 {
			kept = append(kept, c)
		} else if !c.ended() {
			t.Fatalf("connection %d is kept", i+1)
		}
	}
	for i, c := range kept {
		c.ask("/")
		if status := c.read(); status != http.StatusOK {
			t.Errorf("connection %d got %d to its second question", i+1, status)
		}
	}
}

// TestSlowClients holds connections with requests that never end, each in its own
// way: the server ends them, and answers others meanwhile.
func TestSlowClients(t *testing.T) {
	const patience = 200 * time.Millisecond
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		_, _ = io.WriteString(w, "hello")
	})
	g := serveGroup(t, func(s *http.Server) {
		if s.ReadHeaderTimeout != readHeaderTimeout || s.ReadTimeout != readTimeout || s.WriteTimeout != writeTimeout || s.IdleTimeout != idleTimeout || s.MaxHeaderBytes != maxHeaderBytes {
			t.Errorf("the server has no patience of its own: %+v", s)
		}
		s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = patience, patience, patience
	}, Listener{Name: "http", Address: "127.0.0.1:0", Handler: hello, Connections: 100})
	for _, tc := range []struct{ name, begin, more string }{
		{"nothing at all", "", ""},
		{"half a request line", "GET /", ""},
		{"a header that never ends", "GET / HTTP/1.1\r\nHost: a.example\r\n", "X-A: b\r\n"},
		{"a header byte by byte", "GET / HTTP/1.1\r\nHost: a.example\r\nX-A: ", "b"},
		{"a body that never comes", "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n", ""},
		{"a body byte by byte", "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\n", "x"},
		{"no second request", "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			slow := dial(t, g.Addr("http"))
			slow.write(tc.begin)
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, slow.in)
				ended <- err
			}()
			drip := time.NewTicker(10 * time.Millisecond)
			defer drip.Stop()
			other := dial(t, g.Addr("http"))
			other.ask("/")
			if status := other.read(); status != http.StatusOK {
				t.Errorf("another client got %d", status)
			}
			for {
				select {
				case err := <-ended:
					if errors.Is(err, os.ErrDeadlineExceeded) {
						t.Error("the server did not end it")
					}
					return
				case <-drip.C:
					_, _ = io.WriteString(slow.conn, tc.more) // fails once the server had enough
				}
			}
		})
	}
}

// TestHeadersAreBounded sends more of a header than anybody needs.
func TestHeadersAreBounded(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	g := serveGroup(t, unchanged, Listener{Name: "http", Address: "127.0.0.1:0", Handler: hello})
	for _, tc := range []struct{ bytes, status int }{{8 << 10, http.StatusOK}, {32 << 10, http.StatusRequestHeaderFieldsTooLarge}} {
		c := dial(t, g.Addr("http"))
		// The server may have answered, and gone, before all is written.
		_, _ = io.WriteString(c.conn, "GET / HTTP/1.1\r\nHost: a.example\r\nX-A: "+strings.Repeat("b", tc.bytes)+"\r\n\r\n")
		if status := c.read(); status != tc.status {
			t.Errorf("%d bytes: %d, want %d", tc.bytes, status, tc.status)
		}
	}
}
