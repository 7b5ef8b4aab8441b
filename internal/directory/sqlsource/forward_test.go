package sqlsource

import (
	"net"
	"sync"
	"testing"
)

// forwarder passes connections on to a server until it forgets them.
type forwarder struct {
	address string

	mu        sync.Mutex
	forgotten chan struct{} // closed for the connections there were
}

func forward(t *testing.T, to string) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{address: l.Addr().String(), forgotten: make(chan struct{})}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			f.mu.Lock()
			forgotten := f.forgotten
			f.mu.Unlock()
			go pass(server, client, forgotten)
			go pass(client, server, forgotten)
		}
	}()
	return f
}

// forget drops from now on what the connections send that there are.
func (f *forwarder) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.forgotten)
	f.forgotten = make(chan struct{})
}

func pass(to, from net.Conn, forgotten <-chan struct{}) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-forgotten:
		default:
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}
