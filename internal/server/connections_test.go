package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/http2"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
)

// serveGroup serves listeners for one test.
func serveGroup(t *testing.T, change func(*Group), specs ...Listener) *Group {
	t.Helper()
	g, err := Listen(t.Context(), specs, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	change(g)
	serveUntilStopped(t, g)
	return g
}

// serveUntilStopped serves until the test ends, or stop is called.
func serveUntilStopped(t *testing.T, g *Group) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, Stop{Grace: time.Millisecond, Drain: time.Minute}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func unchanged(*Group) {}

// silentForLong waits for n open connections, and makes them silent since long ago.
func silentForLong(t *testing.T, g *Group, n int) {
	t.Helper()
	l := g.listeners[0]
	for deadline := time.Now().Add(time.Minute); l.n.Load() != int64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open, want %d", l.n.Load(), n)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		if at := c.silent.Load(); at > 0 {
			c.silent.Store(at - int64(time.Hour))
		}
	}
}

// client is one connection, on which requests are written by hand.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, address string) client { return dialFrom(t, "127.0.0.1", address) }

func dialFrom(t *testing.T, from, address string) client {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", address)
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
	status, _ := c.readWhetherLast()
	return status
}

// readWhetherLast also returns whether the answer announces the end of the connection.
func (c client) readWhetherLast() (status int, last bool) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Close
}

// ended waits for the end of the connection.
func (c client) ended() bool {
	_, err := c.in.ReadByte()
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// clientOf returns the address of one of many clients.
func clientOf(i int) string { return fmt.Sprintf("127.0.1.%d", i+1) }

// TestConnections opens as many connections as there are places, each of another
// client with a request in progress, and one more, which waits until one of them
// ends. The listener for operators answers all the while.
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
		Listener{Name: "ops", Address: "127.0.0.1:0", Handler: NewOps(Ops{Hosts: []address.Domain{"a.example"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready})})
	var clients []client
	for i := range most {
		c := dialFrom(t, clientOf(i), g.Addr("http"))
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

// TestConnectionsOfOneClient has a client open connections until it has its share,
// with requests on them: the next one is closed. A trusted proxy has no share.
func TestConnectionsOfOneClient(t *testing.T) {
	const most, proxy = 10, "127.0.2.1"
	inside, release := make(chan struct{}, most), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		inside <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	limited := make(chan string, 2*most)
	g := serveGroup(t, unchanged, Listener{Name: "http", Address: "127.0.0.1:0", Handler: slow, Connections: most, Limited: func(reason string) { limited <- reason }, TrustedProxies: func() []netip.Prefix {
		return []netip.Prefix{netip.MustParsePrefix(proxy + "/32")}
	}})
	var busy []client
	begin := func(from string) {
		c := dialFrom(t, from, g.Addr("http"))
		c.ask("/")
		<-inside
		busy = append(busy, c)
	}
	for range most / 2 {
		begin("127.0.0.1")
	}
	if !dial(t, g.Addr("http")).ended() {
		t.Error("one more of the same client is open")
	}
	if reason := <-limited; reason != "refused" {
		t.Errorf("counted as %s", reason)
	}
	for range most / 2 {
		begin(proxy)
	}
	close(release)
	for i, c := range busy {
		if status := c.read(); status != http.StatusOK {
			t.Errorf("connection %d got %d", i, status)
		}
	}
}

// remote is a connection from an address.
type remote struct {
	net.Conn
	net.Addr
}

func (r remote) RemoteAddr() net.Addr { return r.Addr }

// peerAddress is what a peer of any kind of network has.
type peerAddress string

func (peerAddress) Network() string  { return "tcp" }
func (a peerAddress) String() string { return string(a) }

// TestWhoHasAConnection pins who shares places: one address in all its forms, an IPv6
// network, and a trusted proxy with nobody.
func TestWhoHasAConnection(t *testing.T) {
	proxies := func() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }
	for from, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1", "[::ffff:192.0.2.1]:6": "192.0.2.1",
		"[2001:db8::1]:5": "2001:db8::", "[2001:db8::2:3:4:5]:6": "2001:db8::", "[2001:db8:0:1::1]:5": "2001:db8:0:1::", "[fe80::1%eth0]:5": "fe80::",
		"10.0.0.1:5": "10.0.0.1:5", "[::ffff:10.0.0.1]:5": "[::ffff:10.0.0.1]:5", "@": "@",
	} {
		if got := limitConnections(nil, 1, proxies).clientOf(remote{Addr: peerAddress(from)}); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
}

// TestSilentConnectionsLose fills the places with silent connections, and has
// others come.
func TestSilentConnectionsLose(t *testing.T) {
	const most = 8
	inside, release := make(chan struct{}, most), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		inside <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	var closed atomic.Int64
	g := serveGroup(t, unchanged, Listener{Name: "http", Address: "127.0.0.1:0", Handler: slow, Connections: most, Limited: func(reason string) {
		if reason == "silent" {
			closed.Add(1)
		}
	}})
	var silent, busy []client
	begin := func(from string) {
		t.Helper()
		c := dialFrom(t, from, g.Addr("http"))
		c.ask("/")
		<-inside
		busy = append(busy, c)
	}
	for range most / 2 { // the share of one client
		silent = append(silent, dial(t, g.Addr("http")))
	}
	silentForLong(t, g, most/2)
	begin("127.0.0.1") // it replaces one of its own
	for i := range most / 2 {
		silent = append(silent, dialFrom(t, clientOf(i), g.Addr("http")))
	}
	silentForLong(t, g, most-1) // one place is kept free
	for range most/2 - 1 {
		begin("127.0.0.1") // up to its share, with others silent
	}
	const left = 1 // of the silent ones
	before := closed.Load()
	if !dial(t, g.Addr("http")).ended() || closed.Load() != before || int(before) != len(silent)-left {
		t.Errorf("beyond its share: %d silent ones are closed, %d before; want %d", closed.Load(), before, len(silent)-left)
	}
	for i := range most / 2 {
		begin(clientOf(i))
	}
	for i, c := range silent {
		if !c.ended() {
			t.Errorf("silent connection %d is open", i)
		}
	}
	if n := closed.Load(); n != int64(len(silent)) {
		t.Errorf("%d silent connections are counted, want %d", n, len(silent))
	}
	close(release)
	for i, c := range busy {
		if status := c.read(); status != http.StatusOK {
			t.Errorf("connection %d got %d", i, status)
		}
	}
}

// TestTheEndOfAConnectionIsAnnounced asks on connections one after the other: the
// first three of four are kept for another question, the answer of the fourth
// announces its end, so that clients who have nothing to ask leave room.
func TestTheEndOfAConnectionIsAnnounced(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	g := serveGroup(t, unchanged, Listener{Name: "http", Address: "127.0.0.1:0", Handler: hello, Connections: 4})
	var kept []client
	for i := range 6 {
		c := dialFrom(t, clientOf(i), g.Addr("http"))
		c.ask("/")
		_, last := c.readWhetherLast()
		if last != (i >= 3) || last && !c.ended() {
			t.Fatalf("connection %d: its end is announced: %v", i+1, last)
		}
		if !last {
			kept = append(kept, c)
		}
	}
	for i, c := range kept {
		c.ask("/")
		if status := c.read(); status != http.StatusOK {
			t.Errorf("connection %d got %d to its second question", i+1, status)
		}
	}
}

// TestHTTP2AmongSilentConnections has silent connections take most places. Requests
// over HTTP/2 lose nothing, many at once on a connection that is told to end.
func TestHTTP2AmongSilentConnections(t *testing.T) {
	const most = 40
	authority := certtest.Authority("Silence", nil)
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	g := serveGroup(t, unchanged, Listener{
		Name: "https", Address: "127.0.0.1:0", Handler: hello, Connections: most,
		TLS: &tls.Config{Certificates: []tls.Certificate{authority.Server("127.0.0.1").TLS()}},
	})
	for i := range most - 1 {
		dialFrom(t, clientOf(i), g.Addr("https"))
	}
	silentForLong(t, g, most-1)
	trust := &tls.Config{RootCAs: authority.Pool()}
	over := &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}
	t.Cleanup(over.CloseIdleConnections)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 10 {
				resp, err := (&http.Client{Transport: over}).Get("https://" + g.Addr("https"))
				if err != nil {
					t.Error(err)
					continue
				}
				text, err := io.ReadAll(resp.Body)
				if _ = resp.Body.Close(); err != nil || string(text) != "hello" || resp.ProtoMajor != 2 {
					t.Errorf("%s over %s: %v %q", resp.Status, resp.Proto, err, text)
				}
			}
		})
	}
	all.Wait()
}

// TestHTTP2IsBounded reads what the server announces that a connection may have.
func TestHTTP2IsBounded(t *testing.T) {
	authority := certtest.Authority("Bounds", nil)
	g := serveGroup(t, unchanged, Listener{Name: "https", Address: "127.0.0.1:0", Handler: http.NotFoundHandler(), TLS: &tls.Config{
		Certificates: []tls.Certificate{authority.Server("127.0.0.1").TLS()},
	}})
	conn, err := tls.Dial("tcp", g.Addr("https"), &tls.Config{RootCAs: authority.Pool(), NextProtos: []string{http2.NextProtoTLS}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	frame, err := http2.NewFramer(conn, conn).ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[http2.SettingID]uint32{http2.SettingMaxConcurrentStreams: 100, http2.SettingMaxFrameSize: 16 << 10, http2.SettingInitialWindowSize: 64 << 10} {
		if got, _ := frame.(*http2.SettingsFrame).Value(id); got != want {
			t.Errorf("%s is %d, want %d", id, got, want)
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
	g := serveGroup(t, func(g *Group) {
		s := g.servers[0]
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
