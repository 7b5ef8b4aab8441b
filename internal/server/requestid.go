package server

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"
)

// requestIDs makes request IDs that are unique among replicas and restarts: a
// random prefix per process and a number.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{prefix: rand.Text()[:10] + "-"} }

func (ids *requestIDs) next() string {
	var text [32]byte
	return string(strconv.AppendUint(append(text[:0], ids.prefix...), ids.last.Add(1), 36))
}
