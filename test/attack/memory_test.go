package attack

import (
	"fmt"
	"testing"
	"time"
)

// TestMemoryOfBodies has 1,600 TLS connections send bodies of 65 kB to a Waymark
// with the memory limit that the shipped deployments give it. It stays below
// 256 MiB, and customers are answered, though all these connections begin with a
// handshake in the same moment.
func TestMemoryOfBodies(t *testing.T) {
	const limit = 256 << 20
	h := start(t, "", fmt.Sprintf("GOMEMLIMIT=%d", limit/10*9)) // as it would itself
	h.during(t, 10*time.Second, func() { bodies(t, h.HTTPS) })
	if peak := h.PeakMemory(t); peak > limit {
		t.Errorf("%d MiB were in RAM", peak>>20)
	} else {
		t.Logf("at most %d MiB were in RAM", peak>>20)
	}
}
