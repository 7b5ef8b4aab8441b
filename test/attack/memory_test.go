package attack

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMemoryOfBodies has 1,600 TLS connections of four addresses each send almost
// all of a body of 65 kB, again and again, to a Waymark with the memory limit that
// the shipped deployments give it. It stays below 256 MiB.
func TestMemoryOfBodies(t *testing.T) {
	const limit = 256 << 20
	h := start(t, "", fmt.Sprintf("GOMEMLIMIT=%d", limit/10*9)) // as it would itself
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	t.Cleanup(func() { stop(); all.Wait() })
	body := strings.Repeat("x", 65_000)
	head := fmt.Sprintf("POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n", len(body)+1)
	send := func(from string) error {
		dialer := &tls.Dialer{NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}, Config: h.tls}
		conn, err := dialer.DialContext(ctx, "tcp", h.HTTPS)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		leave := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer leave()
		if _, err = io.WriteString(conn, head+body); err != nil {
			return err
		}
		_, err = conn.Read(make([]byte, 1)) // an answer, or the end
		return err
	}
	for i := range 1600 {
		all.Go(func() {
			for ctx.Err() == nil {
				if send(fmt.Sprintf("127.0.0.%d", 2+i%4)) != nil {
					wait(ctx, 5*time.Second) // the attacker has 2 cores as well
				} else {
					wait(ctx, time.Second)
				}
			}
		})
	}
	wait(ctx, 4*time.Second) // most are connected
	visit, enough := context.WithTimeout(ctx, 8*time.Second)
	defer enough()
	h.customers().Visit(visit).CheckNoneLost(t) // without the times: all handshakes are in one moment
	if peak := h.PeakMemory(t); peak > limit {
		t.Errorf("%d MiB were in RAM", peak>>20)
	} else {
		t.Logf("at most %d MiB were in RAM", peak>>20)
	}
}
