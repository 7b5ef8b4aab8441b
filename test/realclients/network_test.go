package realclients

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// network is what a client can reach: a SOCKS 5 proxy (RFC 1928) on loopback
// that knows some hosts by name, and nothing else.
type network struct {
	address string
	routes  map[string]string // "name:port" leads to an address on loopback

	mu    sync.Mutex
	asked []string // "name:port" in order
}

func startNetwork(t *testing.T, routes map[string]string) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	n := &network{address: listener.Addr().String(), routes: routes}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go n.serve(conn)
		}
	}()
	return n
}

// wasAskedFor returns every "name:port" that a client wanted to reach, in order.
func (n *network) wasAskedFor() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

// serve carries bytes both ways until one side has had enough.
func (n *network) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	wanted, err := readRequest(client)
	if err != nil {
		return
	}
	n.mu.Lock()
	n.asked = append(n.asked, wanted)
	n.mu.Unlock()
	const succeeded, unreachable = 0, 4
	reply := []byte{5, unreachable, 0, 1, 0, 0, 0, 0, 0, 0}
	server, err := net.Dial("tcp", n.routes[wanted]) // an error without a route
	if err != nil {
		_, _ = client.Write(reply)
		return
	}
	defer func() { _ = server.Close() }()
	reply[1] = succeeded
	if _, err := client.Write(reply); err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	wg.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	wg.Wait()
}

// readRequest agrees on no authentication and returns the "name:port" that the
// client wants.
func readRequest(client net.Conn) (string, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(client, head[:2]); err != nil {
		return "", err
	}
	if _, err := io.CopyN(io.Discard, client, int64(head[1])); err != nil {
		return "", err
	}
	if _, err := client.Write([]byte{5, 0}); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(client, head); err != nil {
		return "", err
	}
	length := []byte{net.IPv4len}
	switch head[3] {
	case 1:
	case 3:
		if _, err := io.ReadFull(client, length); err != nil {
			return "", err
		}
	default:
		return "", errors.New("an address of another kind")
	}
	rest := make([]byte, int(length[0])+2)
	if _, err := io.ReadFull(client, rest); err != nil {
		return "", err
	}
	name, port := string(rest[:length[0]]), binary.BigEndian.Uint16(rest[length[0]:])
	if head[3] == 1 {
		name = fmt.Sprint(net.IP(rest[:length[0]]))
	}
	return net.JoinHostPort(name, strconv.Itoa(int(port))), nil
}
