package lookup

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/waymark-mail/waymark/internal/address"
)

// changes counts the change notifications of sources, and keeps the number of
// the last one for each domain: an earlier lookup may be wrong. Domains share
// slots, which bounds the memory; a domain that shares a slot with a changed one
// is looked up once more than needed.
type changes struct {
	seed maphash.Seed

	mu         sync.Mutex // held by writers
	number     atomic.Uint64
	everywhere atomic.Uint64
	slots      [1024]atomic.Uint64
}

func newChanges() *changes { return &changes{seed: maphash.MakeSeed()} }

// now returns the number of changes so far.
func (c *changes) now() uint64 { return c.number.Load() }

// last returns the number of the last change that concerns a domain.
func (c *changes) last(d address.Domain) uint64 {
	return max(c.everywhere.Load(), c.slot(d).Load())
}

func (c *changes) slot(d address.Domain) *atomic.Uint64 {
	return &c.slots[maphash.String(c.seed, string(d))%uint64(len(c.slots))]
}

// happened records a change in a slot or everywhere. The slot is set first: a
// lookup that begins in between is repeated.
func (c *changes) happened(where *atomic.Uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.number.Load() + 1
	where.Store(n)
	c.number.Store(n)
}
