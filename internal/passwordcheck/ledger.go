package passwordcheck

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

const (
	window = 15 * time.Minute
	// triesEach is the number of tries of one mailbox within the window.
	triesEach = 10
	// triesOverall bounds the tries of all mailboxes within the window. It limits
	// the memory, and trying one password at many addresses.
	triesOverall = 10_000
)

// ledger counts the tries of the last window. It stores no login and no address,
// only hashes of them with its own seed. When it is full it refuses tries: if it
// evicted entries, a guesser could make it forget.
type ledger struct {
	seed maphash.Seed

	mu    sync.Mutex
	tries []entry // oldest first
	count map[uint64]int
}

type entry struct {
	at   time.Time
	keys [2]uint64
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), count: map[uint64]int{}}
}

// admit counts a try under two names, regardless of case, and reports whether it
// is within the limits of both. A refused try is not counted.
func (l *ledger) admit(now time.Time, one, other string) bool {
	keys := [2]uint64{maphash.String(l.seed, strings.ToLower(one)), maphash.String(l.seed, strings.ToLower(other))}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	if len(l.tries) >= triesOverall || l.count[keys[0]] >= triesEach || l.count[keys[1]] >= triesEach {
		return false
	}
	l.tries = append(l.tries, entry{now, keys})
	l.count[keys[0]]++
	l.count[keys[1]]++
	return true
}

// forget drops the tries that are older than the window.
func (l *ledger) forget(now time.Time) {
	for len(l.tries) > 0 && now.Sub(l.tries[0].at) >= window {
		for _, key := range l.tries[0].keys {
			if l.count[key]--; l.count[key] == 0 {
				delete(l.count, key)
			}
		}
		l.tries = l.tries[1:]
	}
}
