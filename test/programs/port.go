package programs

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// tried is how many ports this process has looked at.
var tried atomic.Int64

// FreePort returns a port of 127.0.0.1 on which nothing listens, for a program that
// cannot choose its own. It stays below those that the system gives to connections, so
// that another test does not take it in the meantime, and each process begins elsewhere.
func FreePort(t testing.TB) string {
	t.Helper()
	const first, ports = 10_000, 20_000
	for range 1_000 {
		port := strconv.FormatInt(first+(int64(os.Getpid())*37+tried.Add(1))%ports, 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("there is no free port")
	return ""
}
