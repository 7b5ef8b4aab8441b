package attack

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bodiesTo names the listener that the test binary attacks instead of running tests.
const bodiesTo = "WAYMARK_ATTACK_WITH_BODIES"

func TestMain(m *testing.M) {
	if address := os.Getenv(bodiesTo); address != "" {
		sendBodies(address)
		return
	}
	os.Exit(m.Run())
}

// bodies attacks a listener for HTTPS until the test ends. The attackers are a
// process of their own, with a low priority: on their own machines they would take
// nothing from Waymark and its customers.
func bodies(t *testing.T, address string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), bodiesTo+"="+address)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, 10); err != nil {
		t.Fatal(err)
	}
}

// sendBodies opens 1,600 TLS connections from four addresses; each sends almost
// all of a body of 65 kB, again and again.
func sendBodies(address string) {
	body := strings.Repeat("x", 65_000)
	head := fmt.Sprintf("POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n", len(body)+1)
	send := func(from string) error {
		dialer := &tls.Dialer{NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}, Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := dialer.DialContext(context.Background(), "tcp", address)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if _, err = io.WriteString(conn, head+body); err != nil {
			return err
		}
		_, err = conn.Read(make([]byte, 1)) // an answer, or the end
		return err
	}
	var all sync.WaitGroup
	for i := range 1600 {
		all.Go(func() {
			for {
				_ = send(fmt.Sprintf("127.0.0.%d", 2+i%4)) // refused, or closed after a while
				time.Sleep(time.Second)
			}
		})
	}
	all.Wait()
}
